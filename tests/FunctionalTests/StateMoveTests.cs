using System.Text.Json.Nodes;
using Tunnel.FunctionalTests.Harness;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests;

/// <summary>
/// <c>tunnel-hub state import</c> and <c>export</c> are killed in the midst of their steps: what they were to replace is there as it was,
/// or what takes its place is, whole; and when they are run again, they do the rest.
/// </summary>
public sealed class StateMoveTests : IAsyncLifetime
{
    // Each file is saved by two flushes and a name in between, all on one thread; strace counts the calls of each thread together.
    private const string Steps = "fsync,rename,renameat,renameat2";

    // No export has so many steps.
    private const int Most = 50;

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("tunnel-functional-");
    private PostgresServer _postgres = null!;
    private string _configuration = "";

    private string EdgeFile => At("files/edges.json");

    private string BlockFile => At("files/blocks.json");

    public async ValueTask InitializeAsync()
    {
        _postgres = await PostgresServer.StartAsync();
        var settings = new JsonObject { ["state"] = await _postgres.MakeDatabaseAsync("hubs"), ["stateDir"] = At("files") };
        _configuration = At("hub.json");
        await File.WriteAllTextAsync(_configuration, settings.ToJsonString());

        // The database has other edges and blocks than the files.
        Directory.CreateDirectory(At("files"));
        await WriteAsync("in-database", "192.0.2.1");
        (await MoveAsync("import")).Succeeded();
        await WriteAsync("in-files", "192.0.2.2");
    }

    public async ValueTask DisposeAsync()
    {
        await _postgres.DisposeAsync();
        _directory.Delete(recursive: true);
    }

    [Fact]
    public async Task An_export_that_is_killed_at_any_step_leaves_the_old_files_or_the_new_ones()
    {
        var (edges, blocks) = (await File.ReadAllTextAsync(EdgeFile), await File.ReadAllTextAsync(BlockFile));
        var (newEdges, newBlocks) = (await InDatabaseAsync("edges"), await InDatabaseAsync("blocks"));
        var seen = new List<(bool Edges, bool Blocks)>();
        for (var (time, code) = (1, -1); code != 0; time++)
        {
            Assert.True(time <= Most, $"It was killed {Most} times.");
            code = (await ManagedProcess.RunAsync(
                DebianProgram.Strace,
                [
                    "-f", "-o", "/dev/null", "-e", $"trace={Steps}", "-e", $"inject={Steps}:signal=KILL:when={time}", Binaries.Hub,
                    .. Arguments("export")])).ExitCode;
            var (edgesNow, blocksNow) = (await File.ReadAllTextAsync(EdgeFile), await File.ReadAllTextAsync(BlockFile));
            Assert.Contains(edgesNow, (string[])[edges, newEdges]);
            Assert.Contains(blocksNow, (string[])[blocks, newBlocks]);
            seen.Add((edgesNow == newEdges, blocksNow == newBlocks));
        }

        // The edges come last: where they are new, the blocks are.
        Assert.Equal((false, false), seen[0]);
        Assert.Contains((false, true), seen);
        Assert.DoesNotContain((true, false), seen);
        Assert.Equal((true, true), seen[^1]);
    }

    [Theory]
    [InlineData("blocks", "192.0.2.1")]
    [InlineData("edges", "192.0.2.2")]
    public async Task An_import_that_is_killed_while_it_saves_leaves_what_is_to_come_as_it_was(string waitsFor, string expected)
    {
        // The import comes to what somebody else has just then, and waits for it.
        var holding = _postgres.RunAsync(
            "hubs", $"begin; select from tunnel_hub_state where name = '{waitsFor}' for update; select pg_sleep(600)");
        const string holder = "from pg_stat_activity where wait_event = 'PgSleep'";
        await WaitForAsync($"select count(*) = 1 {holder}", "the lock");
        const string import = "from pg_stat_activity where application_name = 'tunnel-hub'";
        await using (var process = ManagedProcess.Start("import", Binaries.Hub, Arguments("import")))
        {
            await WaitForAsync($"select count(*) = 1 {import} and wait_event_type = 'Lock'", "the import that waits");
            process.Signal(ManagedProcess.SigKill);
            await process.WaitForExitAsync(TimeSpan.FromSeconds(30));
        }

        Assert.Equal(("in-database", expected), await WhatIsInDatabaseAsync());

        // The server ends what nobody waits for any more, or does it: either is whole.
        await _postgres.RunAsync("hubs", $"select pg_terminate_backend(pid) {holder}");
        await Assert.ThrowsAsync<InvalidOperationException>(() => holding);
        await WaitForAsync($"select count(*) = 0 {import}", "the end of the import's connections");
        var (edge, block) = await WhatIsInDatabaseAsync();
        Assert.Contains(edge, (string[])["in-database", "in-files"]);
        Assert.Contains(block, (string[])["192.0.2.1", "192.0.2.2"]);

        (await MoveAsync("import")).Succeeded();
        Assert.Equal(("in-files", "192.0.2.2"), await WhatIsInDatabaseAsync());

        Task WaitForAsync(string question, string what) =>
            Eventually.IsTrueAsync(async () => await _postgres.RunAsync("hubs", question) == "t", what);
    }

    private async Task<(string Edge, string Block)> WhatIsInDatabaseAsync()
    {
        var (edges, blocks) = (JsonNode.Parse(await InDatabaseAsync("edges"))!, JsonNode.Parse(await InDatabaseAsync("blocks"))!);
        return (
            (string)Assert.Single(edges["edges"]!.AsArray())!["edge"]!["id"]!, (string)Assert.Single(blocks["blocks"]!.AsArray())!["ip"]!);
    }

    private Task<string> InDatabaseAsync(string name) =>
        _postgres.RunAsync("hubs", $"select content from tunnel_hub_state where name = '{name}'");

    private async Task WriteAsync(string edge, string block)
    {
        await File.WriteAllTextAsync(
            EdgeFile, $$$"""{"version":1,"revision":1,"edges":[{"edge":{"id":"{{{edge}}}"},"secrets":{"salt":"AAAA","items":[]}}]}""");
        await File.WriteAllTextAsync(
            BlockFile,
            $$"""{"version":1,"blocks":[{"ip":"{{block}}","edges":[],"since":"2025-01-01T12:00:00Z","until":"2225-01-01T12:00:00Z"}]}""");
    }

    private Task<ProgramResult> MoveAsync(string move) => ManagedProcess.RunAsync(Binaries.Hub, Arguments(move));

    private IEnumerable<string> Arguments(string move) => ["state", move, "--replace", "--config", _configuration];

    private string At(string name) => Path.Combine(_directory.FullName, name);
}
