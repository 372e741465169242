using System.Diagnostics;
using System.Net;
using System.Text.Json;
using Tunnel.Bench.Load.Peers;
using Tunnel.Bench.Load.Rows;
using Tunnel.Shared.Protocol.Tokens;

namespace Tunnel.Bench.Load.Hubs;

/// <summary>
/// Three hubs that share nothing but an edge's secret, the edge, and an echo behind them, in a network namespace of their own.
/// </summary>
internal sealed class HubsWorld : IDisposable
{
    private const string Id = "bench";
    private const string Table = "bench_cut";
    private static readonly IPAddress EdgeAddress = IPAddress.Parse("127.0.14.1");

    private readonly List<Hub> _hubs = [];
    private readonly ProcessGroup _edge = new();
    private readonly ProcessGroup _echo = new();
    private readonly Workplace _place;
    private readonly int _port = Workplace.FreePort();
    private readonly HubAdmin _edgeAdmin;

    private HubsWorld(Workplace place) => (_place, _edgeAdmin) = (place, new HubAdmin(place.File($"{Id}.sock")));

    /// <summary>How many hubs there are.</summary>
    public int Count => _hubs.Count;

    /// <summary>Where clients connect.</summary>
    public IPEndPoint Public => new(EdgeAddress, _port);

    /// <summary>Where the echo is that they reach.</summary>
    public IPEndPoint Direct => new(IPAddress.Loopback, _port);

    /// <summary>Starts all programs, and returns when the edge has a tunnel to each hub.</summary>
    /// <param name="place">The directory that they use.</param>
    /// <param name="prefer">The edge's setting of that name.</param>
    public static async Task<HubsWorld> StartAsync(Workplace place, string prefer)
    {
        var world = new HubsWorld(place);
        try
        {
            await world.StartAsync(prefer);
            return world;
        }
        catch
        {
            world.Dispose();
            throw;
        }
    }

    /// <summary>Kills a hub.</summary>
    public async Task KillAsync(int number)
    {
        await SignalAsync(number, "KILL");
        await _hubs[number].Process!.WaitForExitAsync();
    }

    /// <summary>Starts a hub that was killed.</summary>
    public Task StartAgainAsync(int number) => StartAsync(_hubs[number]);

    /// <summary>Sends a hub a signal.</summary>
    public Task SignalAsync(int number, string signal) => Command.RunAsync("kill", $"-{signal}", $"{_hubs[number].Process!.Id}");

    /// <summary>Drops every packet to and from a hub's port.</summary>
    public Task CutAsync(int number) => Command.RunAsync(
        "nft",
        $"table ip {Table} {{ chain packets {{ type filter hook input priority 0; tcp dport {_hubs[number].Address.Port} drop; "
            + $"tcp sport {_hubs[number].Address.Port} drop; }}; }}");

    /// <summary>Lets all packets through again.</summary>
    public Task HealAsync() => Command.RunAsync("nft", "delete", "table", "ip", Table);

    /// <summary>Waits until the edge has a tunnel to each hub, and each answers.</summary>
    public async Task WaitForAllAsync()
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                using var status = JsonDocument.Parse(await _edgeAdmin.GetAsync("/api/v1/status"));
                if (status.RootElement.GetProperty("hubs").EnumerateArray().Count(IsWell) == Count)
                    return;
            }
            catch (HttpRequestException) when (attempt < 600)
            {
                // The edge is not there yet.
            }

            if (attempt == 600)
                throw new InvalidOperationException("a hub is not connected after a minute");
            await Task.Delay(100);
        }
    }

    public void Dispose()
    {
        _edgeAdmin.Dispose();
        _edge.Dispose();
        foreach (var hub in _hubs)
        {
            hub.Processes.Dispose();
            hub.Place.Dispose();
        }

        _echo.Dispose();
    }

    private static bool IsWell(JsonElement hub) => hub.GetProperty("connected").GetBoolean() && !hub.GetProperty("silent").GetBoolean()
        && (!hub.TryGetProperty("lostSince", out var lost) || lost.ValueKind == JsonValueKind.Null);

    private async Task StartAsync(string prefer)
    {
        var (echo, arguments) = EchoProgram.ServerAt(new IPEndPoint(IPAddress.Loopback, _port));
        _echo.Start(echo, arguments, _place.File("echo.log"));
        List<ConnectionToken> tokens = [];
        for (var number = 0; number < 3; number++)
        {
            var hub = new Hub(new Workplace(_place.Root), new IPEndPoint(IPAddress.Loopback, Workplace.FreePort()));
            _hubs.Add(hub);
            await StartAsync(hub);
            using var admin = new HubAdmin(hub.Place.File("hub.sock"));
            await admin.ApplyAsync([Definition("bench-secret-of-24-chars")]);
            tokens.Add(ConnectionToken.TryDecode(await admin.TokenAsync(Id, $"{hub.Address}"), out var token, out var error)
                ? token
                : throw new InvalidOperationException(error));

            // Each token has a secret of its own, and the edge has that of the first hub.
            if (number > 0)
                await admin.ApplyAsync([Definition(tokens[0].Secret)]);
        }

        _place.File($"{Id}.token", tokens[0].Encode());
        var others = tokens.Skip(1).Select(static token => $"{token.Host}:{token.Port}#{token.Pins[0]}");
        TunnelPair.StartEdge(_place, Id, EdgeAddress, "tcpTls", (program, words, log) =>
            _edge.Start(program, [.. words, "--hubs", string.Join(',', others), "--prefer", prefer, "--firewall", "off"], log));
        await WaitForAllAsync();
        await Workplace.WaitForAsync(Public);
    }

    private object Definition(string secret) => new
    {
        id = Id,
        secret,
        listenPorts = new[] { _port },
        ports = new Dictionary<string, object> { ["default"] = new { proxyProtocol = "off" } },
    };

    private static async Task StartAsync(Hub hub)
    {
        // The socket of a hub that was killed would look like that of the next one.
        File.Delete(hub.Place.File("hub.sock"));
        using var admin = await TunnelPair.StartHubAsync(
            hub.Place, hub.Address, (program, words, log) => hub.Process = hub.Processes.Start(program, words, log));
    }

    private sealed class Hub(Workplace place, IPEndPoint address)
    {
        public Workplace Place => place;

        public IPEndPoint Address => address;

        public ProcessGroup Processes { get; } = new();

        public Process? Process { get; set; }
    }
}
