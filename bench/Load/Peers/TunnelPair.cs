using System.Net;
using System.Text.Json;

namespace Tunnel.Bench.Load.Peers;

/// <summary>Starts a hub and an edge of this checkout, PROXY headers off so that the targets need not understand them.</summary>
internal static class TunnelPair
{
    /// <summary>The place of the two, which also starts programs there.</summary>
    internal sealed record Placement
    {
        public required IPAddress HubAddress { get; init; }

        public required int HubPort { get; init; }

        public required IPAddress EdgeAddress { get; init; }

        /// <summary>The transport by which the edge reaches the hub.</summary>
        public string Transport { get; init; } = "tcpTls";

        /// <summary>Settings of the ports, besides those that turn PROXY headers off.</summary>
        public IReadOnlyDictionary<string, object> Settings { get; init; } = new Dictionary<string, object>();

        /// <summary>Further arguments of the edge.</summary>
        public IReadOnlyList<string> EdgeArguments { get; init; } = [];

        /// <summary>Is it the hub, the program, its arguments, its log.</summary>
        public required Action<bool, string, IReadOnlyList<string>, string> Start { get; init; }
    }

    public static async Task StartAsync(Workplace place, Placement placement, IEnumerable<int> tcpPorts, IEnumerable<int> udpPorts)
    {
        var hub = new IPEndPoint(placement.HubAddress, placement.HubPort);
        using var admin = await StartHubAsync(place, hub, (program, arguments, log) => placement.Start(true, program, arguments, log));
        await admin.ApplyAsync([
            new
            {
                id = "bench",
                secret = "bench-secret-of-24-chars",
                listenPorts = tcpPorts.ToArray(),
                listenPortsUdp = udpPorts.ToArray(),
                ports = new Dictionary<string, object>
                {
                    ["default"] =
                        new Dictionary<string, object>(placement.Settings) { ["proxyProtocol"] = "off", ["udpProxyProtocol"] = "off" },
                },
            },
        ]);
        await WriteTokenAsync(place, admin, "bench", hub);
        StartEdge(
            place, "bench", placement.EdgeAddress, placement.Transport,
            (program, arguments, log) => placement.Start(false, program, [.. arguments, .. placement.EdgeArguments], log));
    }

    /// <summary>Gets the token of an edge that the hub knows.</summary>
    /// <param name="place">The directory in which it is kept.</param>
    /// <param name="admin">The hub's API.</param>
    /// <param name="id">The edge's id.</param>
    /// <param name="hub">The address at which the edge reaches the hub.</param>
    public static async Task WriteTokenAsync(Workplace place, HubAdmin admin, string id, IPEndPoint hub) =>
        place.File($"{id}.token", await admin.TokenAsync(id, $"{hub}"));

    /// <summary>Starts an edge that has its token; it may not be connected yet.</summary>
    public static void StartEdge(
        Workplace place, string id, IPAddress address, string transport, Action<string, IReadOnlyList<string>, string> start) => start(
        place.Edge,
        [
            "run", "--stun-servers", "[]", "--token-file", place.File($"{id}.token"), "--transport", transport, "--bind-address",
            $"{address}",
            "--state-dir", place.File($"{id}-state"), "--admin-socket", place.File($"{id}.sock"), "--log-level", "warning",
        ],
        place.File($"{id}.log"));

    /// <summary>Starts a hub alone, and returns its admin API.</summary>
    public static async Task<HubAdmin> StartHubAsync(
        Workplace place, IPEndPoint address, Action<string, IReadOnlyList<string>, string> start)
    {
        var socket = place.File("hub.sock");
        var config = place.File("hub.json", JsonSerializer.Serialize(new
        {
            tunnelPort = address.Port,
            bindAddress = $"{address.Address}",
            stateDir = place.File("hub-state"),
            adminSocket = socket,
            logLevel = "warning",
            limits = new { perAddress = 1024 },
        }));
        start(place.Hub, ["run", "--config", config], place.File("hub.log"));

        // A hub that starts beside all else that is measured may need a while.
        for (var attempt = 0; !File.Exists(socket); attempt++)
        {
            if (attempt == 2_400)
                throw new InvalidOperationException($"the hub has not started: {await File.ReadAllTextAsync(place.File("hub.log"))}");
            await Task.Delay(50);
        }

        return new HubAdmin(socket);
    }
}
