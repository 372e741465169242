using System.Globalization;
using System.Security.Cryptography;
using Tunnel.Hub.Keeping;
using Tunnel.Hub.UnitTests.Fakes;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.Hub.UnitTests.Keeping;

/// <summary>
/// Two hubs write while their database is killed, paused, cut off and without room: what was confirmed is there, nothing is there twice,
/// both have the same in the end, and what they knew stays in force meanwhile.
/// </summary>
public sealed class PostgresFaultTests : IAsyncLifetime
{
    private readonly TemporaryDirectory _directory = new();
    private PostgresServer _server = null!;
    private string _connection = "";

    public async ValueTask InitializeAsync() => await BeginAsync(await PostgresServer.StartAsync());

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _directory.Dispose();
    }

    [Fact]
    public Task A_server_that_is_killed_and_comes_back() => WriteWhileAsync(async () =>
    {
        for (var round = 0; round < 3; round++)
        {
            await _server.KillAsync();
            await _server.StartAgainAsync();
        }
    });

    [Fact]
    public Task Connections_that_are_cut() => WriteWhileAsync(async () =>
    {
        for (var round = 0; round < 20; round++)
            await _server.CutAsync("hubs");
    });

    [Fact]
    public async Task A_server_that_stands_still_is_told_from_one_that_works()
    {
        await using var one = await OpenAsync("one");
        await one.AddAsync("a");
        await _server.PauseAsync();
        await Assert.ThrowsAsync<StateUnavailableException>(() => one.AddAsync("b"));
        await Eventually.IsTrueAsync(() => Task.FromResult(one.Database.Fault is not null), "the fault to be noticed");
        Assert.Equal("a", one.Words);

        // The replica starts without the server, too.
        await using (var other = await OpenAsync("one"))
            Assert.Equal("a", other.Words);
        await _server.ContinueAsync();
        await one.WaitUntilUsableAsync();
        await one.AddAsync("c");

        // Nobody knows whether the change that was not answered was made.
        Assert.Contains(one.Words, (string[])["a c", "a b c"]);
    }

    [Fact]
    public async Task A_connection_that_falls_silent_while_a_hub_listens_is_made_anew()
    {
        await using var one = await OpenAsync("one");
        var silent = await NextListenerAsync(but: "");
        await PostgresServer.PauseAsync(int.Parse(silent, CultureInfo.InvariantCulture));
        await NextListenerAsync(but: silent);
        await one.WaitUntilUsableAsync();
        await one.AddAsync("a");

        Task<string> NextListenerAsync(string but) => Eventually.GetAsync(
            async () => (await _server.RunAsync("hubs", "select pid from pg_stat_activity where query like 'listen %'")).Split('\n')
                .FirstOrDefault(pid => pid.Length > 0 && pid != but),
            "a connection that listens",
            TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task A_disk_that_is_full_refuses_changes_until_there_is_room()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "a small disk needs root");
        await _server.DisposeAsync();
        await BeginAsync(await PostgresServer.StartAsync(megabytes: 160));
        await using var one = await OpenAsync("one");
        await one.AddAsync("a");
        var ballast = Path.Combine(_server.Data, "ballast");
        await Assert.ThrowsAsync<IOException>(() => FillAsync(ballast));

        // The words are long, so that they need room soon.
        var refused = await Eventually.GetAsync(
            () => TryAddAsync(one, Convert.ToHexString(RandomNumberGenerator.GetBytes(50_000))), "the refusal");
        Assert.Contains("No space left on device", refused.Message + refused.InnerException?.Message, StringComparison.Ordinal);
        Assert.StartsWith("a", one.Words, StringComparison.Ordinal);

        File.Delete(ballast);
        if (_server.HasEnded)
            await _server.StartAgainAsync();
        await one.WaitUntilUsableAsync();
        await one.AddAsync("b");
        Assert.EndsWith(" b", one.Words, StringComparison.Ordinal);
    }

    private async Task BeginAsync(PostgresServer server)
    {
        _server = server;
        _connection = await server.MakeDatabaseAsync("hubs") + ";Timeout=2;Command Timeout=2";
    }

    private Task<Replica> OpenAsync(string hub) => Replica.OpenAsync(_connection, _directory.File(hub));

    private async Task WriteWhileAsync(Func<Task> disturb)
    {
        await using var one = await OpenAsync("one");
        await using var other = await OpenAsync("other");
        using var stop = new CancellationTokenSource();
        var writers =
            new[] { (one, "a"), (other, "b") }.Select(hub => Task.Run(() => WriteAsync(hub.Item1, hub.Item2, stop.Token))).ToArray();
        await disturb();
        await Task.WhenAll(one.WaitUntilUsableAsync(), other.WaitUntilUsableAsync());
        await stop.CancelAsync();
        var confirmed = (await Task.WhenAll(writers)).SelectMany(words => words).ToHashSet();

        // The newest value is changed, so that it is known to both.
        await AddOnceUsableAsync(one, "last-of-one");
        await AddOnceUsableAsync(other, "last-of-other");
        await Eventually.IsTrueAsync(
            () => one.Words == other.Words && one.Words.Contains("last-of-other", StringComparison.Ordinal), "both to have the same");
        var words = one.Words.Split(' ');
        Assert.NotEmpty(confirmed);
        Assert.Empty(confirmed.Except(words));
        Assert.Equal(words.Distinct(), words);
    }

    /// <summary>Writes one word after the other, none twice, and returns those that were confirmed.</summary>
    private static async Task<List<string>> WriteAsync(Replica hub, string prefix, CancellationToken stop)
    {
        var confirmed = new List<string>();
        for (var number = 0; !stop.IsCancellationRequested; number++)
        {
            if (await TryAddAsync(hub, $"{prefix}{number}") is null)
                confirmed.Add($"{prefix}{number}");
            else
                await hub.WaitUntilUsableAsync();
        }

        return confirmed;
    }

    private static async Task AddOnceUsableAsync(Replica hub, string word)
    {
        // A connection of the pool may still be one that was cut.
        while (await TryAddAsync(hub, word) is { IsUncertain: false })
            await hub.WaitUntilUsableAsync();
    }

    private static async Task<StateUnavailableException?> TryAddAsync(Replica hub, string word)
    {
        try
        {
            await hub.AddAsync(word);
            return null;
        }
        catch (StateUnavailableException error)
        {
            return error;
        }
    }

    private static async Task FillAsync(string path)
    {
        await using var file = File.Create(path);
        var block = new byte[1 << 20];
        while (true)
            await file.WriteAsync(block);
    }
}
