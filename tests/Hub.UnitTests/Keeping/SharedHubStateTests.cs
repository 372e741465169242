using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Hub.Backups;
using Tunnel.Hub.Blocks;
using Tunnel.Hub.Configuration;
using Tunnel.Hub.Keeping;
using Tunnel.Hub.Keeping.Postgres;
using Tunnel.Hub.UnitTests.Edges;
using Tunnel.Hub.UnitTests.Fakes;
using Tunnel.Shared.Files;
using Tunnel.Shared.Protocol.Addresses;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.Hub.UnitTests.Keeping;

/// <summary>The edges and blocks of a hub that has a database: what is missing there takes nothing from a hub that knows some.</summary>
public sealed class SharedHubStateTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>, IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    private string StateDir => _directory.File("state");

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_hub_that_had_files_keeps_edges_and_blocks_and_changes_neither_until_the_database_has_edges()
    {
        await using (var store = TestEdges.Store(StateDir))
            await store.LoadAsync([TestEdges.WithSecret("a")], default);
        var files = await BlockList.OpenAsync(
            BlockFormat.FileIn(StateDir, new StateFiles()), TimeProvider.System, NullLogger.Instance, default);
        await BlockAsync(files, "192.0.2.1");
        var name = await postgres.MakeDatabaseAsync();

        await using var hub = await OpenAsync(name);
        Assert.Equal(["a"], hub.Edges.Current.Keys);
        Assert.Equal(["192.0.2.1"], BlocksOf(hub));
        var error = await Assert.ThrowsAsync<StateUnavailableException>(() => BlockAsync(hub.Blocks, "192.0.2.2"));
        Assert.Contains("tunnel-hub state import", error.Message, StringComparison.Ordinal);

        await using (var database = await ConnectAsync(name))
            await new StateMove(database, StateDir, new StateFiles(), TimeProvider.System).ImportAsync(replace: false, default);
        await Eventually.IsTrueAsync(() => hub.Shared!.Fault is null, "the edges of the database");
        await BlockAsync(hub.Blocks, "192.0.2.2");
        Assert.Equal(["192.0.2.1", "192.0.2.2"], BlocksOf(hub));
    }

    [Fact]
    public async Task A_database_that_was_made_anew_lifts_no_block()
    {
        var name = await postgres.MakeDatabaseAsync();
        await using var hub = await OpenAsync(name);
        await hub.Edges.ReplaceAllAsync([TestEdges.WithSecret("a")], dryRun: false, default);

        // Where the database has edges, there may be no blocks yet.
        await BlockAsync(hub.Blocks, "192.0.2.1");
        await postgres.Server.RunAsync(name, "truncate tunnel_hub_state; notify tunnel_hub");
        await Eventually.IsTrueAsync(() => hub.Shared!.Fault is not null, "the fault");
        await Assert.ThrowsAsync<StateUnavailableException>(() => BlockAsync(hub.Blocks, "192.0.2.2"));
        Assert.Equal(["192.0.2.1"], BlocksOf(hub));
        Assert.Equal(["a"], hub.Edges.Current.Keys);
    }

    [Fact]
    public async Task Where_the_database_has_edges_missing_blocks_are_none()
    {
        var name = await postgres.MakeDatabaseAsync();
        await using var hub = await OpenAsync(name);
        await hub.Edges.ReplaceAllAsync([TestEdges.WithSecret("a")], dryRun: false, default);
        await BlockAsync(hub.Blocks, "192.0.2.1");
        await postgres.Server.RunAsync(name, "delete from tunnel_hub_state where name = 'blocks'; notify tunnel_hub");
        await Eventually.IsTrueAsync(() => hub.Blocks.Current.IsEmpty, "the end of the blocks");
        Assert.Null(hub.Shared!.Fault);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"version":99,"what":"of a newer hub"}""")]
    public async Task A_hub_that_starts_while_edges_and_blocks_can_not_be_read_has_those_that_it_knew(string content)
    {
        var name = await postgres.MakeDatabaseAsync();
        await using (var before = await OpenAsync(name))
        {
            await before.Edges.ReplaceAllAsync([TestEdges.WithSecret("a")], dryRun: false, default);
            await BlockAsync(before.Blocks, "192.0.2.1");
        }

        await postgres.Server.RunAsync(name, "create table kept as select * from tunnel_hub_state");
        await postgres.Server.RunAsync(name, $"update tunnel_hub_state set content = '{content}', revision = revision + 1");
        await using var hub = await OpenAsync(name);
        Assert.Equal(["a"], hub.Edges.Current.Keys);
        Assert.Equal(["192.0.2.1"], BlocksOf(hub));
        await Eventually.IsTrueAsync(() => hub.Shared!.Fault is not null, "the fault");
        Assert.Contains("Until then the last known state stays in force", hub.Shared!.Fault, StringComparison.Ordinal);
        await Assert.ThrowsAsync<StateUnavailableException>(() => BlockAsync(hub.Blocks, "192.0.2.2"));
        await Assert.ThrowsAsync<StateUnavailableException>(() => hub.Edges.RemoveAsync("a", default));

        await postgres.Server.RunAsync(
            name,
            "update tunnel_hub_state set content = kept.content, revision = tunnel_hub_state.revision + 1 from kept "
                + "where kept.name = tunnel_hub_state.name; notify tunnel_hub");
        await Eventually.IsTrueAsync(() => hub.Shared!.Fault is null, "what can be read again");
        await BlockAsync(hub.Blocks, "192.0.2.2");
        Assert.Equal(["192.0.2.1", "192.0.2.2"], BlocksOf(hub));
    }

    private static string[] BlocksOf(HubState hub) => [.. hub.Blocks.Current.Select(static block => block.Ip)];

    private static async Task BlockAsync(BlockList blocks, string address)
    {
        Assert.True(IpRange.TryParse(address, out var source, out _));
        Assert.NotNull(await blocks.AddAsync(source, TimeSpan.FromHours(1), [], "why", default));
    }

    private Task<HubState> OpenAsync(string database) => HubState.OpenAsync(
        new TunnelHubOptions { StateDir = StateDir, State = new DatabaseOptions(postgres.Server.ConnectionString(database)) },
        TimeProvider.System, NullLoggerFactory.Instance, default);

    private async Task<PostgresDatabase> ConnectAsync(string name)
    {
        var database = new PostgresDatabase(
            postgres.Server.ConnectionString(name), PostgresSchema.Current, TimeProvider.System, NullLogger.Instance);
        await database.ConnectAsync(default);
        return database;
    }
}
