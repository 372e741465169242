using System.Diagnostics;
using System.Net;
using System.Text.Json;
using Tunnel.Bench.Load.Peers;
using Tunnel.Bench.Load.Rows;

namespace Tunnel.Bench.Load.Upgrades;

/// <summary>A hub, an edge and an echo behind them, of which hub and edge can be replaced while they run.</summary>
internal sealed class UpgradeWorld : IDisposable
{
    private const string Id = "bench";
    private static readonly IPAddress EdgeAddress = IPAddress.Parse("127.0.14.1");
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan BetweenAddresses = TimeSpan.FromSeconds(10);

    // Each has to be new: only a change makes the edge look.
    private static int _addresses;

    private readonly Workplace _place;
    private readonly ProcessGroup _processes = new();
    private readonly int _port = Workplace.FreePort();
    private readonly string _hubAdmin;
    private readonly string _edgeAdmin;
    private Program? _hub;
    private Program? _edge;

    private UpgradeWorld(Workplace place)
    {
        _place = place;
        (_hubAdmin, _edgeAdmin) = (place.File("hub.sock"), place.File($"{Id}.sock"));
    }

    /// <summary>Where clients connect.</summary>
    public IPEndPoint Public => new(EdgeAddress, _port);

    /// <summary>Starts all programs, and returns when clients are served.</summary>
    public static async Task<UpgradeWorld> StartAsync(Workplace place, string transport)
    {
        var world = new UpgradeWorld(place);
        try
        {
            await world.StartAsync(transport);
            return world;
        }
        catch
        {
            world.Dispose();
            throw;
        }
    }

    /// <summary>Replaces the hub, and returns when the edge is at the new process.</summary>
    /// <returns>The process before.</returns>
    public async Task<Process> ReplaceHubAsync()
    {
        var since = await SinceAsync(_hubAdmin);
        var before = Replace(_hub!);
        await UntilAsync(
            _hubAdmin,
            status => Since(status) != since && status.GetProperty("connectedEdges").EnumerateArray().Any(
                static edge => edge.GetProperty("edgeId").GetString() == Id),
            "the edge at the next hub");
        return before;
    }

    /// <summary>Replaces the edge, and returns when the new process serves clients.</summary>
    /// <returns>The process before.</returns>
    public async Task<Process> ReplaceEdgeAsync()
    {
        var since = await SinceAsync(_edgeAdmin);
        var before = Replace(_edge!);
        await UntilAsync(
            _edgeAdmin,
            status => Since(status) is { } now && now != since && status.GetProperty("connected").GetBoolean()
                && status.GetProperty("listenPorts").GetArrayLength() == 1,
            "the next edge");
        return before;
    }

    /// <summary>
    /// Waits until the tunnel is over QUIC. After an upgrade of the hub it is over TLS at first, and a change of the machine's addresses
    /// makes the edge look at QUIC sooner than in ten minutes.
    /// </summary>
    public async Task WaitForQuicAsync()
    {
        await UntilAsync(_hubAdmin, static status => status.GetProperty("quic").GetBoolean(), "QUIC at the hub");
        var (clock, next) = (Stopwatch.StartNew(), TimeSpan.Zero);
        while (true)
        {
            if (await StatusAsync(_edgeAdmin) is { } status && status.GetProperty("transport").GetString() == "quic")
                return;
            if (clock.Elapsed > Patience)
                throw new InvalidOperationException("the edge has not gone back to QUIC");
            if (clock.Elapsed >= next)
            {
                next += BetweenAddresses;
                await Command.RunAsync("ip", "address", "add", $"192.0.2.{++_addresses}/32", "dev", "lo");
            }

            await Task.Delay(50);
        }
    }

    public void Dispose() => _processes.Dispose();

    private static string? Since(JsonElement status) =>
        status.TryGetProperty("since", out var since) && since.ValueKind == JsonValueKind.String ? since.GetString() : null;

    private static async Task<string?> SinceAsync(string socket) => await StatusAsync(socket) is { } status ? Since(status) : null;

    // A connection that stays open stays with the old process.
    private static async Task<JsonElement?> StatusAsync(string socket)
    {
        using var admin = new HubAdmin(socket);
        try
        {
            return JsonElement.Parse(await admin.GetAsync("/api/v1/status"));
        }
        catch (HttpRequestException)
        {
            // One process has gone from the socket and the other is not there yet.
            return null;
        }
    }

    private static async Task UntilAsync(string socket, Func<JsonElement, bool> holds, string what)
    {
        var clock = Stopwatch.StartNew();
        while (await StatusAsync(socket) is not { } status || !holds(status))
        {
            if (clock.Elapsed > Patience)
                throw new InvalidOperationException($"{what} is not there after {Patience.TotalMinutes} minutes");
            await Task.Delay(20);
        }
    }

    private async Task StartAsync(string transport)
    {
        var (echo, arguments) = EchoProgram.ServerAt(new IPEndPoint(IPAddress.Loopback, _port));
        _processes.Start(echo, arguments, _place.File("echo.log"));
        var address = new IPEndPoint(IPAddress.Loopback, Workplace.FreePort());
        using (var admin = await TunnelPair.StartHubAsync(_place, address, (program, words, log) => _hub = Launch(program, words, log)))
        {
            await admin.ApplyAsync([
                new
                {
                    id = Id,
                    secret = "bench-secret-of-24-chars",
                    listenPorts = new[] { _port },
                    ports = new Dictionary<string, object> { ["default"] = new { proxyProtocol = "off" } },
                },
            ]);
            await TunnelPair.WriteTokenAsync(_place, admin, Id, address);
        }

        TunnelPair.StartEdge(
            _place, Id, EdgeAddress, transport, (program, words, log) => _edge = Launch(program, [.. words, "--firewall", "off"], log));
        await Workplace.WaitForAsync(Public);
    }

    private Program Launch(string program, IReadOnlyList<string> words, string log) =>
        new(program, words, log) { Process = _processes.Start(program, words, log) };

    private Process Replace(Program program)
    {
        var before = program.Process;
        program.Process = _processes.Start(program.Path, [.. program.Words, "--take-over"], program.Log);
        return before;
    }

    private sealed class Program(string path, IReadOnlyList<string> words, string log)
    {
        public string Path => path;

        public IReadOnlyList<string> Words => words;

        public string Log => log;

        public required Process Process { get; set; }
    }
}
