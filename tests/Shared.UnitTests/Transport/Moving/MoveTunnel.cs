using System.Net;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Protocol.Proxy;
using Tunnel.Shared.Transport;
using Tunnel.Shared.Transport.Moving;
using Tunnel.Shared.Transport.Moving.Tables;
using Tunnel.Shared.Transport.Streams;
using Tunnel.TestUtilities;
using TransportContext = Tunnel.Shared.Transport.TransportContext;

namespace Tunnel.Shared.UnitTests.Transport.Moving;

/// <summary>The tables of both ends, and what is under way between them.</summary>
internal sealed class MoveTunnel : ITunnel
{
    private readonly MoveWorld _world;
    private readonly Queue<(bool ToEdge, byte[] Payload)> _acks = new();

    public MoveTunnel(MoveWorld world, bool keeps = true)
    {
        _world = world;
        Name = $"tunnel-{world.HubStreams.Count}";
        var traffic = new TrafficMeter(world.Context);
        var kept = world.Context.Flow.Kept;
        EdgeStreams = new MovableStreams(
            world.Context, traffic, keeps ? ack => _acks.Enqueue((false, ack)) : null, kept.Open(MoveWorld.HubName))
        {
            TunnelId = Name,
        };
        HubStreams = new MovableStreams(
            world.Context, traffic, keeps ? ack => _acks.Enqueue((true, ack)) : null, kept.Open(MoveWorld.EdgeName));
        world.HubStreams.Add(Name, HubStreams);
    }

    public string Name { get; }

    public MovableStreams EdgeStreams { get; }

    public MovableStreams HubStreams { get; }

    public MoveCarrier? EdgeEnd { get; private set; }

    public MoveCarrier? HubEnd { get; private set; }

    public bool IsBroken { get; private set; }

    public TransportKind Kind => TransportKind.Quic;

    public IPEndPoint RemoteEndPoint => new(IPAddress.Loopback, 1);

    public TunnelFeatures Features => TunnelFeatures.Move;

    public TimeSpan? RoundTripTime => null;

    public int ActiveStreams => 1;

    public int ActiveSessions => 0;

    public TunnelCounters Counters => default;

    public Task<TunnelEnd> Completion { get; } = new TaskCompletionSource<TunnelEnd>().Task;

    public ITunnelStream? OpenStream(in StreamOpening opening, ILocalEndpoint endpoint, IStreamObserver? observer)
    {
        ((LegEndpoint)endpoint).Leg.Table = EdgeStreams;
        return Open(opening, endpoint, observer);
    }

    public MoveCarrier Open(in StreamOpening opening, ILocalEndpoint endpoint, IStreamObserver? observer)
    {
        var id = _world.NextId();
        EdgeEnd = new MoveCarrier(id) { Observer = observer };
        HubEnd = new MoveCarrier(id) { Peer = EdgeEnd };
        EdgeEnd.Peer = HubEnd;
        HubStreams.TryOpen(id);
        EdgeEnd.Attach(endpoint);
        if (opening.Move is { } move)
            EdgeEnd.Announce(move);
        return EdgeEnd;
    }

    public void OnMove(StreamMove move)
    {
        if (_world.HubStreams[move.TunnelId].Take(move, HubEnd!, HubStreams) is { } reason)
            EdgeEnd!.Refuse(reason);
    }

    public void DeliverAck()
    {
        if (IsBroken || !_acks.TryDequeue(out var ack))
            return;
        var table = ack.ToEdge ? EdgeStreams : HubStreams;
        if (table.OnAcknowledged(ack.Payload) is { } fault)
            throw new PropertyException(fault);
    }

    public void Break()
    {
        if (IsBroken)
            return;
        IsBroken = true;
        EdgeStreams.OnEnded(TransportContext.DefaultResumeGrace);
        HubStreams.OnEnded(TransportContext.DefaultResumeGrace);
        EdgeEnd?.Lose();
        HubEnd?.Lose();
        if (EdgeStreams.Keeps)
            return;
        EdgeStreams.Share.Close();
        HubStreams.Share.Close();
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
