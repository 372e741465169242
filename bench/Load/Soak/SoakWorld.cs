using System.Net;
using Tunnel.Bench.Load.Peers;

namespace Tunnel.Bench.Load.Soak;

/// <summary>
/// A hub, an edge that stays and whose way to the hub can be cut, an edge that is killed and started again, and the upstream of both.
/// </summary>
internal sealed class SoakWorld : IDisposable
{
    private const string Secret = "bench-secret-of-24-chars";

    private readonly string _transport;
    private readonly SoakUpstream _upstream;
    private readonly int _morePort = Workplace.FreePort();
    private readonly Workplace _place;
    private SoakPath? _path;

    public SoakWorld(Workplace place, string transport, Tally tally)
    {
        (_place, _transport, _upstream) = (place, transport, new SoakUpstream(tally, ["staying", "mortal"]));
        Staying = new SoakEdge(place, 0, "staying", IPAddress.Parse("127.0.13.1"), transport);
        Mortal = new SoakEdge(place, 1, "mortal", IPAddress.Parse("127.0.13.2"), transport);
    }

    public ProcessGroup Hub { get; } = new();

    public HubAdmin Admin { get; private set; } = null!;

    public SoakEdge Staying { get; }

    public SoakEdge Mortal { get; }

    /// <summary>The way of the edge that stays.</summary>
    public SoakPath Path => _path!;

    public async Task StartAsync()
    {
        var hub = new IPEndPoint(IPAddress.Loopback, Workplace.FreePort());
        Admin = await TunnelPair.StartHubAsync(_place, hub, (program, words, log) => Hub.Start(program, words, log));
        await Admin.ApplyAsync([Definition(Staying.Id, false, 0, Secret), Definition(Mortal.Id, false, 0, Secret)]);

        _path = SoakPath.To(hub, _transport);
        await TunnelPair.WriteTokenAsync(_place, Admin, Staying.Id, _path.EndPoint);
        await TunnelPair.WriteTokenAsync(_place, Admin, Mortal.Id, hub);
        foreach (var edge in new[] { Staying, Mortal })
        {
            edge.Start();
            await WaitForAsync(edge);
        }
    }

    /// <summary>Ends the edge that is mortal, in order or not, and starts it again; it is up when this returns.</summary>
    public async Task RestartMortalAsync(bool inOrder)
    {
        await Mortal.RestartAsync(inOrder);
        await WaitForAsync(Mortal);
    }

    /// <summary>Returns what clients of an edge do.</summary>
    public Conversations TalkTo(SoakEdge edge, Tally tally, Gate gate) =>
        new(edge, _upstream.TcpPort, _upstream.UdpPort, tally, gate);

    /// <summary>Pushes a configuration to both edges.</summary>
    /// <param name="hasMorePort">Whether there is a port besides those that are used.</param>
    /// <param name="policy">The number of a policy of the ports that are used; a change of it disturbs nobody.</param>
    public async Task ConfigureAsync(bool hasMorePort, int policy)
    {
        foreach (var edge in new[] { Staying, Mortal })
            await Admin.PutAsync(edge.Id, Definition(edge.Id, hasMorePort, policy));
    }

    public void Dispose()
    {
        Mortal.Dispose();
        Staying.Dispose();
        _path?.Dispose();
        Hub.Dispose();
        Admin?.Dispose();
        _upstream.Dispose();
    }

    // An edge that starts beside all the traffic may need half a minute for it.
    private Task WaitForAsync(SoakEdge edge) =>
        Workplace.WaitForAsync(new IPEndPoint(edge.Address, _upstream.TcpPort), TimeSpan.FromMinutes(3));

    // Later definitions have no secret, so that the token's stays.
    private object Definition(string id, bool hasMorePort, int policy, string? secret = null) => new
    {
        id,
        secret,
        listenPorts = hasMorePort ? new[] { _upstream.TcpPort, _morePort } : [_upstream.TcpPort],
        listenPortsUdp = new[] { _upstream.UdpPort },
        ports = new Dictionary<string, object>
        {
            [$"tcp/{_upstream.TcpPort}"] = new
            {
                proxyProtocol = "off",
                maxConnectionsPerIp = 10_000 + policy,
                denyCidrs = new[] { $"198.51.100.{policy % 256}/32" },
            },
            [$"udp/{_upstream.UdpPort}"] = new { udpProxyProtocol = "off", idleTimeout = 5 },
        },
    };
}
