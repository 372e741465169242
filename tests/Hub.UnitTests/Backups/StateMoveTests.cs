using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Hub.Backups;
using Tunnel.Hub.Blocks;
using Tunnel.Hub.Edges.State;
using Tunnel.Hub.Keeping.Postgres;
using Tunnel.Hub.UnitTests.Edges;
using Tunnel.Hub.UnitTests.Fakes;
using Tunnel.Hub.UnitTests.Keeping;
using Tunnel.Shared.Files;
using Tunnel.Shared.Hosting;
using Tunnel.Shared.Protocol.Addresses;

namespace Tunnel.Hub.UnitTests.Backups;

public sealed class StateMoveTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>, IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    private string From => _directory.File("from");

    private string To => _directory.File("to");

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task What_was_moved_there_and_back_is_the_same()
    {
        await MakeStateAsync();
        await using var database = await ConnectAsync();
        Assert.Equal(2, await new StateMove(database, From, new StateFiles()).ImportAsync(replace: false, default));
        Directory.CreateDirectory(To);
        Assert.Equal(2, await new StateMove(database, To, new StateFiles()).ExportAsync(replace: false, default));
        foreach (var file in (string[])[EdgeStateFormat.FileName, BlockFormat.FileName])
            Assert.Equal(await File.ReadAllTextAsync(Path.Combine(From, file)), await File.ReadAllTextAsync(Path.Combine(To, file)));
    }

    [Fact]
    public async Task What_is_there_is_replaced_only_when_that_is_asked_for()
    {
        await MakeStateAsync();
        await using var database = await ConnectAsync();
        var move = new StateMove(database, From, new StateFiles());
        await move.ImportAsync(replace: false, default);
        var error = await Assert.ThrowsAsync<OperatorException>(() => move.ImportAsync(replace: false, default));
        Assert.Contains("--replace", error.Message, StringComparison.Ordinal);
        await using (var store = TestEdges.Store(From))
        {
            await store.LoadAsync([], default);
            await store.RemoveAsync("a", default);
        }

        error = await Assert.ThrowsAsync<OperatorException>(() => move.ExportAsync(replace: false, default));
        Assert.Contains("--replace", error.Message, StringComparison.Ordinal);
        Assert.Equal(1, await move.ImportAsync(replace: true, default));
        Assert.Equal(1, await move.ExportAsync(replace: true, default));
    }

    [Fact]
    public async Task A_state_that_is_damaged_is_not_taken()
    {
        Directory.CreateDirectory(From);
        await using var database = await ConnectAsync();
        var move = new StateMove(database, From, new StateFiles());
        await Assert.ThrowsAsync<OperatorException>(() => move.ImportAsync(replace: false, default));
        await File.WriteAllTextAsync(Path.Combine(From, EdgeStateFormat.FileName), """{"version":1,"edges":[{}]}""");
        await Assert.ThrowsAsync<OperatorException>(() => move.ImportAsync(replace: false, default));
        await Assert.ThrowsAsync<OperatorException>(() => move.ExportAsync(replace: false, default));
    }

    private async Task MakeStateAsync()
    {
        await using var store = TestEdges.Store(From);
        await store.LoadAsync([TestEdges.WithSecret("a"), TestEdges.WithSecret("b")], default);
        var blocks = await BlockList.OpenAsync(
            BlockFormat.FileIn(From, new StateFiles()), TimeProvider.System, NullLogger.Instance, default);
        Assert.True(IpRange.TryParse("192.0.2.7", out var source, out _));
        await blocks.AddAsync(source, TimeSpan.FromHours(1), [], "why", default);
    }

    private async Task<PostgresDatabase> ConnectAsync()
    {
        var name = await postgres.MakeDatabaseAsync();
        var database = new PostgresDatabase(
            postgres.Server.ConnectionString(name), PostgresSchema.Current, TimeProvider.System, NullLogger.Instance);
        await database.ConnectAsync(default);
        return database;
    }
}
