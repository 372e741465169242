using System.Net;
using Tunnel.Shared.Protocol;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Protocol.Proxy;
using Tunnel.Shared.Transport;
using Tunnel.Shared.Transport.Moving;
using Tunnel.Shared.Transport.Moving.Tables;
using Tunnel.Shared.Transport.Streams;
using Tunnel.TestUtilities;
using TransportContext = Tunnel.Shared.Transport.TransportContext;

namespace Tunnel.Shared.UnitTests.Transport.Moving;

/// <summary>A tunnel that each end loses when the world says so, and what is under way between its ends.</summary>
internal sealed class CutTunnel : ITunnel
{
    private readonly CutWorld _world;
    private readonly Queue<byte[]> _acksToEdge = new();
    private readonly Queue<byte[]> _acksToHub = new();
    private bool _isLostAtEdge;
    private bool _isLostAtHub;

    public CutTunnel(CutWorld world, string name, bool keeps)
    {
        (_world, Keeps) = (world, keeps);
        var traffic = new TrafficMeter(world.Context);
        EdgeStreams = new MovableStreams(world.Context, traffic, keeps ? _acksToHub.Enqueue : null) { TunnelId = name };
        HubStreams = new MovableStreams(world.Context, traffic, keeps ? _acksToEdge.Enqueue : null) { IsHub = true };
    }

    /// <summary>Whether it is like one over QUIC, whose streams outlive it.</summary>
    public bool Keeps { get; }

    public MovableStreams EdgeStreams { get; }

    public MovableStreams HubStreams { get; }

    /// <summary>The edge's ends of its streams, and then the hub's, in turn.</summary>
    public List<CutCarrier> Carriers { get; } = [];

    public TransportKind Kind => Keeps ? TransportKind.Quic : TransportKind.TcpTls;

    public IPEndPoint RemoteEndPoint => new(IPAddress.Loopback, 1);

    public TunnelFeatures Features => TunnelFeatures.Move | TunnelFeatures.MoveAgain;

    public TimeSpan? RoundTripTime => null;

    public int ActiveStreams => 1;

    public int ActiveSessions => 0;

    public TunnelCounters Counters => default;

    public Task<TunnelEnd> Completion => _isLostAtEdge ? Task.FromResult<TunnelEnd>(null!) : _world.Never;

    public bool IsLostAt(bool edge) => edge ? _isLostAtEdge : _isLostAtHub;

    /// <summary>Whether a reset overtakes the data that was sent before it this time.</summary>
    public bool Overtakes() => Keeps && _world.Tosses();

    public ITunnelStream? OpenStream(in StreamOpening opening, ILocalEndpoint endpoint, IStreamObserver? observer)
    {
        ((LegEndpoint)endpoint).Leg.Table = EdgeStreams;
        return _isLostAtEdge ? null : Open(opening, endpoint, observer);
    }

    public CutCarrier Open(in StreamOpening opening, ILocalEndpoint endpoint, IStreamObserver? observer)
    {
        var id = _world.NextId();
        var edge = new CutCarrier(id, this, isEdge: true) { Observer = observer };
        var hub = new CutCarrier(id, this, isEdge: false) { Peer = edge };
        edge.Peer = hub;
        Carriers.AddRange([edge, hub]);
        if (opening.Move is { } move)
            edge.Announce(move);
        else
            HubStreams.TryOpen(id);
        edge.Attach(endpoint);
        return edge;
    }

    public void OnMove(CutCarrier carrier, StreamMove move)
    {
        if (HubStreams.TryOpen(carrier.Id))
            _world.OnMove(this, carrier, move);
        else
            carrier.Reset(ResetReason.ShuttingDown);
    }

    public void DeliverAck(bool toEdge)
    {
        if (IsLostAt(toEdge) || !(toEdge ? _acksToEdge : _acksToHub).TryDequeue(out var ack))
            return;
        if ((toEdge ? EdgeStreams : HubStreams).OnAcknowledged(ack) is { } fault)
            throw new PropertyException(fault);
    }

    /// <summary>One end notes that the tunnel is lost. What it has sent may still arrive.</summary>
    public void Lose(bool atEdge)
    {
        if (IsLostAt(atEdge))
            return;
        (_isLostAtEdge, _isLostAtHub) = (_isLostAtEdge || atEdge, _isLostAtHub || !atEdge);
        (atEdge ? EdgeStreams : HubStreams).OnEnded(Keeps ? TransportContext.DefaultResumeGrace : TimeSpan.Zero);
        for (var i = 0; i < Carriers.Count; i++)
        {
            if (i % 2 == 0 == atEdge)
                Carriers[i].Lose();
            else
                Carriers[i].Drop();
        }
    }

    public void Start() => throw new NotSupportedException();

    public ITunnelSession? OpenSession(in StreamOpening opening, IDatagramSink sink) => throw new NotSupportedException();

    public void SendConfig(TunnelConfig config) => throw new NotSupportedException();

    public void SendReport(Report report) => throw new NotSupportedException();

    public void SendGoAway(string reason) => throw new NotSupportedException();

    public Task WaitForStreamsAsync(CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<bool> ProbeAsync(TimeSpan timeout, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task CloseAsync(TunnelEnd end) => throw new NotSupportedException();

    public ValueTask DisposeAsync() => throw new NotSupportedException();
}
