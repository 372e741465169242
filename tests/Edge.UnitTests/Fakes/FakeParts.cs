using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Net;
using Tunnel.Edge.Configuring;
using Tunnel.Edge.Connecting;
using Tunnel.Edge.Endpoints;
using Tunnel.Edge.Firewall;
using Tunnel.Edge.Ports;
using Tunnel.Edge.Tcp;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport;

namespace Tunnel.Edge.UnitTests.Fakes;

internal sealed class FakeTunnelSource : ITunnelSource
{
    private TaskCompletionSource _changed = new();

    public ITunnel? Current
    {
        get;
        set
        {
            field = value;
            Interlocked.Exchange(ref _changed, new TaskCompletionSource()).SetResult();
        }
    }

    /// <summary>How long the hubs of tunnels have been gone.</summary>
    public ConcurrentDictionary<ITunnel, TimeSpan> Gone { get; } = new();

    public TimeSpan? GoneFor(ITunnel tunnel) => Gone.TryGetValue(tunnel, out var gone) ? gone : null;

    public Task Changed => Volatile.Read(ref _changed).Task;
}

internal sealed class IgnoringObserver : IClientObserver, ITunnelObserver, IPortsObserver
{
    public void OnClientConnected(PortKey port, IPEndPoint? client)
    {
    }

    public void OnClientClosed(PortKey port, IPEndPoint? client, ITunnelStream stream, in StreamEnd end)
    {
    }

    public void OnConnected(IPEndPoint address, TransportKind transport, TransportChoice choice)
    {
    }

    public void OnDisconnected(IPEndPoint address, TunnelEnd end)
    {
    }

    public void OnPortsApplied(long revision, PortState ports, bool initial)
    {
    }
}

internal sealed class IgnoredFilter : IPacketFilter
{
    public Task ApplyAsync(ImmutableArray<AskingHub> hubs, TunnelConfig config, bool initial, CancellationToken cancellationToken) =>
        Task.CompletedTask;

    public void TellHubs(ImmutableArray<AskingHub> hubs)
    {
    }
}

/// <summary>Binds nothing and remembers everything.</summary>
internal sealed class FakeBinder : IPortBinder
{
    public Dictionary<PortKey, string> Errors { get; } = [];

    public Dictionary<PortKey, FakeBoundPort> Bound { get; } = [];

    public List<PortKey> Tried { get; } = [];

    /// <summary>The port that has a fault.</summary>
    public PortKey? Throws { get; set; }

    public BindResult Bind(PortKey port, EdgePortPolicy policy)
    {
        Tried.Add(port);
        if (port == Throws)
            throw new InvalidOperationException("injected by the test");
        if (Errors.TryGetValue(port, out var error))
            return BindResult.Failed(error);
        return BindResult.Bound(Bound[port] = new FakeBoundPort { Policy = policy });
    }

    public void CloseLeft() => LeftClosed++;

    public int LeftClosed { get; private set; }
}

internal sealed class FakeBoundPort : IBoundPort
{
    public int Active => 0;

    public string? Fault { get; set; }

    public int Reset(Func<IPAddress, bool> which) => 0;

    public required EdgePortPolicy Policy { get; set; }

    public void Update(EdgePortPolicy policy) => Policy = policy;

    public PortStatistics GetStatistics() => new(0, 0, 0, 0, new Dictionary<string, long>());

    public TimeSpan? Closed { get; private set; }

    public void Close(TimeSpan drain) => Closed = drain;

    public bool IsLeft { get; private set; }

    public Task LeaveAsync()
    {
        IsLeft = true;
        return Task.CompletedTask;
    }
}
