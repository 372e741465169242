using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Tunnel.Hub.Backups;
using Tunnel.Hub.Blocks;
using Tunnel.Hub.Edges.State;
using Tunnel.Hub.Keeping;
using Tunnel.Hub.Keeping.Postgres;
using Tunnel.Hub.UnitTests.Edges;
using Tunnel.Hub.UnitTests.Fakes;
using Tunnel.Hub.UnitTests.Keeping;
using Tunnel.Shared.Files;
using Tunnel.Shared.Hosting;
using Tunnel.Shared.Protocol.Addresses;
using Tunnel.TestUtilities;

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
        Assert.Equal(2, await new StateMove(database, From, new StateFiles(), TimeProvider.System).ImportAsync(replace: false, default));
        Directory.CreateDirectory(To);
        Assert.Equal(2, await new StateMove(database, To, new StateFiles(), TimeProvider.System).ExportAsync(replace: false, default));
        foreach (var file in (string[])[EdgeStateFormat.FileName, BlockFormat.FileName])
            Assert.Equal(await File.ReadAllTextAsync(Path.Combine(From, file)), await File.ReadAllTextAsync(Path.Combine(To, file)));
    }

    [Fact]
    public async Task What_is_there_is_replaced_only_when_that_is_asked_for()
    {
        await MakeStateAsync();
        await using var database = await ConnectAsync();
        var move = new StateMove(database, From, new StateFiles(), TimeProvider.System);
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
    public async Task Edges_that_take_the_place_of_others_count_as_changed_then_although_they_are_older()
    {
        await MakeStateAsync();
        await using var database = await ConnectAsync();
        var time = new ManualTimeProvider(DateTimeOffset.UtcNow.AddYears(1));
        var move = new StateMove(database, From, new StateFiles(), time);
        await using (var store = TestEdges.Store(To, time: new ManualTimeProvider(DateTimeOffset.UtcNow)))
            await store.LoadAsync([TestEdges.WithSecret("a"), TestEdges.Edge("b", 80) with { Secret = TestEdges.Secret }], default);
        await new StateMove(database, To, new StateFiles(), time).ImportAsync(replace: false, default);
        var before = await InDatabaseAsync(database);

        await move.ImportAsync(replace: true, default);
        var after = await InDatabaseAsync(database);
        Assert.Equal([443], after.Edges["b"].TcpPorts);
        Assert.Equal((time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks / 10, after.Edges["b"].Revision);
        Assert.Equal(before.Edges["a"].Revision, after.Edges["a"].Revision);
        Assert.True(after.Revision > before.Revision);

        // What nobody can read is replaced all the same.
        await database.RunAsync(
            async (connection, token) =>
            {
                await using var spoil = new NpgsqlCommand("update tunnel_hub_state set content = '5' where name = 'edges'", connection);
                return await spoil.ExecuteNonQueryAsync(token);
            },
            default);
        Assert.Equal(2, await move.ImportAsync(replace: true, default));
        Assert.Equal(2, (await InDatabaseAsync(database)).Edges.Count);
    }

    [Fact]
    public async Task A_state_that_is_damaged_is_not_taken()
    {
        Directory.CreateDirectory(From);
        await using var database = await ConnectAsync();
        var move = new StateMove(database, From, new StateFiles(), TimeProvider.System);
        await Assert.ThrowsAsync<OperatorException>(() => move.ImportAsync(replace: false, default));
        await File.WriteAllTextAsync(Path.Combine(From, EdgeStateFormat.FileName), """{"version":1,"edges":[{}]}""");
        await Assert.ThrowsAsync<OperatorException>(() => move.ImportAsync(replace: false, default));
        await Assert.ThrowsAsync<OperatorException>(() => move.ExportAsync(replace: false, default));
    }

    private static async Task<EdgeState> InDatabaseAsync(PostgresDatabase database)
    {
        var document = await new PostgresDocument(database, SharedDocuments.Edges).ReadAsync(KeptDocument.Unknown, default);
        return new EdgeStateFormat("the database").Read(document.Content!);
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
