using System.Diagnostics;
using System.Net;
using System.Text.Json;
using Tunnel.Bench.Load.Peers;
using Tunnel.TestUtilities.Wire;

namespace Tunnel.Bench.Load.Resume;

/// <summary>A hub and an edge between which the path can be cut.</summary>
internal sealed class ResumePair(string transport) : IPeer
{
    private const string Id = "bench";
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(10);

    private readonly ProcessGroup _processes = new();
    private HubAdmin? _edgeAdmin;
    private TcpRelay? _tcp;
    private UdpRelay? _udp;

    public string Name => "tunnel";

    public bool CarriesUdp => true;

    public IPAddress Address { get; } = IPAddress.Parse("127.0.16.1");

    public ProcessGroup Processes => _processes;

    ProcessGroup? IPeer.Processes => _processes;

    public async Task StartAsync(Workplace place, Targets targets)
    {
        var hub = new IPEndPoint(IPAddress.Loopback, Workplace.FreePort());
        if (transport == "quic")
            _udp = new UdpRelay(hub);
        else
            _tcp = new TcpRelay(hub);
        using var admin = await TunnelPair.StartHubAsync(place, hub, (program, words, log) => _processes.Start(program, words, log));
        await admin.ApplyAsync([
            new
            {
                id = Id,
                secret = "bench-secret-of-24-chars",
                listenPorts = new[] { targets.Echo },
                ports = new Dictionary<string, object> { ["default"] = new { proxyProtocol = "off" } },
            },
        ]);
        await TunnelPair.WriteTokenAsync(place, admin, Id, _udp?.EndPoint ?? _tcp!.EndPoint);
        _edgeAdmin = new HubAdmin(place.File($"{Id}.sock"));
        TunnelPair.StartEdge(place, Id, Address, transport, (program, words, log) => _processes.Start(program, words, log));
        await Workplace.WaitForAsync(new IPEndPoint(Address, targets.Echo));
    }

    /// <summary>
    /// Cuts what carries the tunnel. TLS can have another connection at once. A path of QUIC is silent until the edge has noticed: what
    /// comes back before that is the same connection.
    /// </summary>
    public void Cut()
    {
        _udp?.IsSilent = true;
        for (var index = 0; index < _tcp?.Count; index++)
            _tcp.Cut(index);
    }

    /// <summary>Waits for a tunnel other than the present one, or for the present one to be lost and to come back.</summary>
    /// <param name="over">Ends the wait where the loss was too short to be seen.</param>
    /// <returns>When the tunnel was seen; null: it was not.</returns>
    public async Task<long?> WaitForTunnelAsync(CancellationToken over)
    {
        var (since, wasLost) = ((await StatusAsync()).Since, false);
        while (!over.IsCancellationRequested)
        {
            var status = await StatusAsync();
            if (status.Connected && (wasLost || status.Since != since))
                return Stopwatch.GetTimestamp();
            if (!status.Connected)
            {
                wasLost = true;
                _udp?.IsSilent = false;
            }

            await Task.Delay(Look, CancellationToken.None);
        }

        return null;
    }

    public void Dispose()
    {
        _processes.Dispose();
        _edgeAdmin?.Dispose();
        _udp?.Dispose();
        _tcp?.Dispose();
    }

    private async Task<(bool Connected, string? Since)> StatusAsync()
    {
        var status = JsonElement.Parse(await _edgeAdmin!.GetAsync("/api/v1/status"));
        return (status.GetProperty("connected").GetBoolean(), status.GetProperty("since").GetString());
    }
}
