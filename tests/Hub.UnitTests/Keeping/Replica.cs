using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Hub.Keeping;
using Tunnel.Hub.Keeping.Postgres;
using Tunnel.Shared.Files;
using Tunnel.Shared.Hosting;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.Hub.UnitTests.Keeping;

/// <summary>A hub's copy of a value that hubs share; here it is a list of words.</summary>
internal sealed class Replica : IAsyncDisposable
{
    private Replica(string connectionString, string directory)
    {
        Database = new PostgresDatabase(connectionString, PostgresSchema.Current, TimeProvider.System, NullLogger.Instance);
        var copy = new FileKeeper(directory, "words.json", "words", new StateFiles());
        Value = new KeptValue<string>(new PostgresKeeper(new PostgresDocument(Database, "words"), copy, NullLogger.Instance), "")
        {
            Read = Read,
            Write = static words => Encoding.UTF8.GetBytes($"\"{words}\""),
            Applied = static (_, _) => { },
        };
    }

    public PostgresDatabase Database { get; }

    public KeptValue<string> Value { get; }

    public string Words => Value.Current;

    /// <param name="connectionString">The database.</param>
    /// <param name="directory">The hub's state directory.</param>
    /// <param name="isWatching">Whether it learns of the others' changes by itself.</param>
    public static async Task<Replica> OpenAsync(string connectionString, string directory, bool isWatching = true)
    {
        var replica = new Replica(connectionString, directory);
        await replica.Database.ConnectAsync(CancellationToken.None);
        await replica.Value.OpenAsync(CancellationToken.None);
        if (isWatching)
            replica.Database.Start();
        return replica;
    }

    public Task AddAsync(string word) => Value.ChangeAsync(before => $"{before} {word}".Trim(), CancellationToken.None);

    public Task WaitForAsync(string words, bool inOrder = true) => Eventually.IsTrueAsync(
        () => Task.FromResult(inOrder ? Words == words : Words.Split(' ').ToHashSet().SetEquals(words.Split(' '))), words);

    public Task WaitUntilUsableAsync() => Eventually.IsTrueAsync(() => Task.FromResult(Database.Fault is null), "the database");

    public async ValueTask DisposeAsync()
    {
        await Value.CloseAsync();
        await Database.DisposeAsync();
    }

    private static string Read(byte[] content) =>
        Encoding.UTF8.GetString(content) is ['"', .. var words, '"'] ? words : throw new OperatorException("These are not words.");
}
