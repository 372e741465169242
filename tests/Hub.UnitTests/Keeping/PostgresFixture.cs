using Tunnel.TestUtilities.Processes;

namespace Tunnel.Hub.UnitTests.Keeping;

/// <summary>One server for the tests of a class; each test takes a database of its own.</summary>
public sealed class PostgresFixture : IAsyncLifetime
{
    private int _databases;

    public PostgresServer Server { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Server = await PostgresServer.StartAsync();

    /// <summary>Makes a database and returns its name.</summary>
    public async Task<string> MakeDatabaseAsync()
    {
        var name = $"test{Interlocked.Increment(ref _databases)}";
        await Server.MakeDatabaseAsync(name);
        return name;
    }

    public ValueTask DisposeAsync() => Server is null ? ValueTask.CompletedTask : Server.DisposeAsync();
}
