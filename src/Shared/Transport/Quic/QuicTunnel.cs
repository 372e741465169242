using System.Net;
using Tunnel.Shared.Guarding;
using Tunnel.Shared.Protocol;
using Tunnel.Shared.Protocol.Frames;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Protocol.Proxy;
using Tunnel.Shared.Transport.Moving;
using Tunnel.Shared.Transport.Moving.Tables;
using Tunnel.Shared.Transport.Quic.Connections;
using Tunnel.Shared.Transport.Quic.Control;
using Tunnel.Shared.Transport.Quic.Core;
using Tunnel.Shared.Transport.Quic.Sessions;
using Tunnel.Shared.Transport.Quic.Streams;
using Tunnel.Shared.Transport.Streams;

namespace Tunnel.Shared.Transport.Quic;

// Over 300 lines: it is where the events of the connection, the owner's calls and the parts meet; each call is a few lines.
/// <summary>
/// A tunnel over one QUIC connection (protocol.md section 6): it joins the <see cref="QuicStreams"/>, the <see cref="QuicSessions"/> and
/// the control stream (<see cref="ControlReader"/>, <see cref="ControlSender"/>), none of which knows it, to the connection, the clock and
/// the owner.
/// </summary>
internal sealed class QuicTunnel : ITunnel, IMovingTunnel, IConnectionOwner, IStreamsOwner
{
    private const ulong NoError = 0;
    private const ulong ProtocolError = 1;

    private static readonly TimeSpan CloseTimeout = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);

    // An edge whose UDP is blocked goes over to TLS after two waits of 3 s and a dial, within 8 s, so it must not look late at each.
    private static readonly TimeSpan HubLook = TimeSpan.FromMilliseconds(250);

    private readonly QuicCore _core;
    private readonly ControlReader _reader;
    private readonly InboundControl _inbound;
    private readonly ITunnelHandler _handler;
    private readonly NewPath _newPath = new();
    private readonly TaskCompletionSource<TunnelEnd> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _isClosed;
    private ITimer? _timer;
    private ITimer? _look;
    private int _isLooking;
    private byte[]? _hello;

    public QuicTunnel(
        QuicConnection connection, string name, bool isEdge, TransportContext context, ITunnelHandler handler,
        ReadOnlyMemory<byte> received, string? peer = null)
    {
        _core = new QuicCore(connection, name, isEdge, context);
        Control = new ControlSender(connection.Control, context, isEdge);
        Watch = new PeerWatch(_core, Control);
        var share = context.Flow.Kept.Open(peer ?? name);
        Moving = new MovableStreams(context, _core.Traffic, ack => Control.Send(FrameType.Ack, ack), share) { IsHub = !_core.IsEdge };
        Streams = new QuicStreams(_core, new StreamIds(context.NumbersUsed), this);
        Sessions = new QuicSessions(_core, Control, new StreamIds(context.NumbersUsed));
        NumbersEnding = Task.WhenAny(Streams.NumbersEnding, Sessions.NumbersEnding);
        _handler = handler;
        _inbound = new InboundControl(this, handler);
        var inbox = new ControlInbox(_core.Sync, _core.Terms, _core.Departure, context, isEdge, _inbound);
        _reader = new ControlReader(isEdge, _core.Terms, inbox, _inbound, connection.Control.Reader, received);
    }

    public TransportKind Kind => TransportKind.Quic;

    public IPEndPoint RemoteEndPoint => Connection.RemoteEndPoint;

    public TunnelFeatures Features => _core.Terms.Features;

    public TimeSpan? RoundTripTime => Connection.RoundTripTime;

    public int ActiveStreams => Streams.Active;

    public int ActiveSessions => Sessions.Count;

    public TunnelCounters Counters => _core.Traffic.Snapshot();

    public bool IsInDoubt => Watch.IsInDoubt && !IsDead;

    public void Suspect() => Watch.Suspect();

    public long Heard => Watch.Heard;

    public bool Ask() => !IsDead && Watch.Ask();

    public bool HasRoom => Streams.HasRoom;

    public int StreamsToMove => Moving.Waiting;

    public int OpenStreamsToMove => Moving.OpenWaiting;

    public Task<TunnelResumed> StreamsMoved => Moving.Moved;

    public Task StreamsSettled => Moving.Settled;

    public Task<TunnelEnd> Completion => _completion.Task;

    public Task NumbersEnding { get; }

    internal QuicConnection Connection => _core.Connection;

    internal TransportContext Context => _core.Context;

    internal QuicStreams Streams { get; }

    internal QuicSessions Sessions { get; }

    /// <summary>The streams that outlive the tunnel.</summary>
    public MovableStreams Moving { get; }

    /// <summary>Whether both ends let streams go on over another tunnel.</summary>
    internal bool Moves => (Features & TunnelFeatures.Move) != 0;

    internal ControlSender Control { get; }

    internal PeerWatch Watch { get; }

    public TrafficMeter Traffic => _core.Traffic;

    internal bool IsDead => _core.IsDead;

    // ---- owner's calls

    public void Start()
    {
        var look = _core.IsEdge ? HubLook : Tick;
        lock (_core.Sync)
        {
            _timer = Context.Time.CreateGuardedTimer(static self => self.OnTick(), this, Tick, Tick);
            _look = Context.Time.CreateGuardedTimer(static self => self.LookAtPeer(), this, look, look);
        }

        // HELLO is not sent earlier, because a dial that lost and was closed before its start must not replace the winner at the hub.
        if (_hello is { } hello)
            Control.Send(FrameType.Hello, hello);
        if (_core.IsEdge)
            Connection.Handle.Apply(QuicTransport.ConnectedSettings(Context));
        Connection.HandOver(this);
        ReadAsync().Guard("reading the control stream");
    }

    /// <summary>Edge: takes what the hub's first configuration says about the hub. The first frame is HELLO.</summary>
    public void UseHub(HubInfo? hub, Hello hello)
    {
        if (hub is not null)
        {
            _core.Terms.Accept(hub);
            Moving.TunnelId = hub.TunnelId;
        }

        _hello = ControlMessage.Serialize(hello);
    }

    public ITunnelStream? OpenStream(in StreamOpening opening, ILocalEndpoint endpoint, IStreamObserver? observer) =>
        this.Open(
            Context, opening, endpoint, observer,
            static (self, in asked, end, told) => self.Streams.Open(asked, end, told));

    public Task<int> HandOverStreamsAsync(ITunnel other) => this.HandOverAsync(other);

    public ITunnel? Successor => Moving.Successor;

    public async Task MoveStreamsAsync(ITunnel other)
    {
        if ((other.Features & TunnelFeatures.Move) == 0)
            return;
        // If the owner is closing it, its streams end with it.
        if (!TryLeave("what is open goes on over another connection") && !IsDead)
            return;

        await StreamMover.MoveAllAsync(Moving, other);
    }

    // Its connection can't be taken up by another one.
    public ResetReason? MoveStream(StreamMove move, ITunnel other, ITunnelStream carrier) =>
        move.StreamId == StreamMove.Connection ? move.Refusal : Moving.Take(move, carrier, (other as IMovingTunnel)?.Moving);

    public Task WaitForRoomAsync() => Streams.WaitForRoomAsync();

    public ITunnelSession? OpenSession(in StreamOpening opening, IDatagramSink sink)
    {
        lock (_core.Sync)
        {
            if (!_core.TakesNew)
                return null;
        }

        return Sessions.Open(opening, sink);
    }

    public void SendConfig(TunnelConfig config) => Control.Send(FrameType.Config, ControlMessage.Serialize(config));

    public void SendReport(Report report)
    {
        if (_core.Terms.IsExtended)
            Control.Send(FrameType.Report, ControlMessage.Serialize(report, _core.Terms.ReadsMessagePack));
    }

    public void SendGoAway(string reason)
    {
        uint highest;
        lock (_core.Sync)
        {
            if (!_core.Departure.TryAnnounce())
                return;
            highest = Streams.HighestId;
        }

        if ((Features & TunnelFeatures.GoAway) != 0)
            Control.Send(FrameType.GoAway, ControlMessage.Serialize(new GoAway(reason, highest)));
    }

    public Task WaitForStreamsAsync(CancellationToken cancellationToken) => Streams.WaitForAllAsync().WaitAsync(cancellationToken);

    public Task<bool> ProbeAsync(TimeSpan timeout, CancellationToken cancellationToken) => Watch.ProbeAsync(timeout, cancellationToken);

    public async Task CloseAsync(TunnelEnd end)
    {
        bool isFirst;
        lock (_core.Sync)
        {
            isFirst = _core.TryClose(end);
            _isClosed |= isFirst;
        }

        if (isFirst)
            Streams.Close();
        Sessions.LoseAll(mayGoOn: false);

        // Closing discards what is under way, so resets and the last frames first get a chance to arrive.
        using var timeout = new CancellationTokenSource(CloseTimeout, Context.Time);
        Task anyway = Task.WhenAny(Task.WhenAll(Streams.NativesGone, Control.WhenSentAsync()), Connection.Closed);
        await anyway.WaitAsync(timeout.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        OnConnectionEnding(end);
        Connection.Shutdown(NoError);
        await Connection.Closed;

        // A tunnel that was never started gets no event from the connection.
        OnConnectionClosed();
        await Completion;
    }

    public async ValueTask DisposeAsync() => await CloseAsync(new TunnelEnd(TunnelEndKind.Closed, "closed"));

    // ---- events of the connection (on a worker of msquic)

    public int OnPeerStream(nint handle, bool unidirectional) =>
        unidirectional ? Sessions.Oversize.OnPeerStream(handle) : Streams.OnPeerStream(handle);

    public void OnDatagram(ReadOnlySpan<byte> datagram) => Sessions.OnDatagram(datagram);

    public void OnSendState(nint context, int state) => Sessions.OnSendState(context, state);

    public void OnPeerAddressChanged()
    {
        // Nothing but control frames would be sent any more, until the edge doubts it and makes another.
        if (Sessions.MayBlock)
            Leave("an address has changed while large datagrams waited, which msquic does not get over");
        else if (Moves)
            _newPath.OnChanged(Context.NowMilliseconds);
    }

    public void OnConnectionEnding(TunnelEnd end)
    {
        lock (_core.Sync)
        {
            if (!_core.TryEnd(end))
                return;
        }

        Control.Release();
        var isLost = !_isClosed && _core.End!.Kind is (TunnelEndKind.ConnectionLost or TunnelEndKind.Timeout);
        var grace = isLost ? _core.Terms.ResumeGrace : TimeSpan.Zero;
        Moving.OnEnded(grace);
        Streams.LoseAll();
        Sessions.LoseAll(mayGoOn: Moves && grace > TimeSpan.Zero);
    }

    public void OnConnectionClosed()
    {
        OnConnectionEnding(new TunnelEnd(TunnelEndKind.Closed, "closed"));
        lock (_core.Sync)
        {
            _timer?.Dispose();
            _look?.Dispose();
        }

        Streams.OnConnectionClosed();
    }

    // ---- events of the streams

    void IStreamsOwner.OnStreamOpened(QuicStream stream, in StreamOpening opening) => _inbound.OnStreamOpened(stream, opening);

    void IStreamsOwner.OnStreamsOver()
    {
        var end = _core.End!;
        if (_completion.TrySetResult(end))
            TransportLog.Ended(_core.Logger, _core.Name, RemoteEndPoint, end.Kind, end.Detail);
    }

    private void Leave(string reason)
    {
        if (TryLeave(reason))
            TransportLog.Left(_core.Logger, _core.Name, RemoteEndPoint, reason);
    }

    // Gives the connection up for another one. The peer must hear of no stream's end before.
    private bool TryLeave(string reason)
    {
        var end = new TunnelEnd(TunnelEndKind.ConnectionLost, reason);
        lock (_core.Sync)
        {
            if (!_core.TryClose(end))
                return false;
        }

        Connection.Shutdown(QuicConnection.LeftCode);
        OnConnectionEnding(end);
        return true;
    }

    private async Task ReadAsync()
    {
        try
        {
            await _reader.RunAsync();
            // If the connection has ended, it says why a moment later; if it has not, the tunnel ends all the same.
            using var patience = new CancellationTokenSource(CloseTimeout, Context.Time);
            await Connection.Closed.WaitAsync(patience.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!IsDead)
                EndWith(NoError, new TunnelEnd(TunnelEndKind.PeerClosed, "the peer closed the control stream"));
        }
        catch (FrameViolationException e)
        {
            TransportLog.ProtocolViolation(_core.Logger, _core.Name, RemoteEndPoint, e.Message);
            EndWith(ProtocolError, new TunnelEnd(TunnelEndKind.ProtocolError, e.Message));
        }
        catch (Exception e)
        {
            TransportLog.Bug(_core.Logger, e, _core.Name);
            EndWith(NoError, new TunnelEnd(TunnelEndKind.ConnectionLost, $"internal error: {e.Message}"));
        }
    }

    private void EndWith(ulong code, TunnelEnd end)
    {
        OnConnectionEnding(Connection.End ?? end);
        Connection.Shutdown(code);
    }

    private void OnTick()
    {
        TunnelEnd? overdue;
        lock (_core.Sync)
        {
            if (IsDead)
                return;
            overdue = Streams.FindOverdue(isHeard: !Watch.IsInDoubt);
        }

        overdue ??= Control.FindOverdue();
        if (overdue is not null)
        {
            TransportLog.PeerDoesNotRead(_core.Logger, _core.Name, RemoteEndPoint, overdue.Detail);
            EndWith(ProtocolError, overdue);
            return;
        }

        Sessions.Sweep();
        if (_newPath.IsStuck(Connection, Context.NowMilliseconds))
            Leave("an address has changed, and msquic does not measure the new path");
    }

    // On a starved machine the next look may come while this one still runs, and is left out then.
    private void LookAtPeer()
    {
        if (IsDead || Interlocked.Exchange(ref _isLooking, 1) != 0)
            return;
        try
        {
            if (Watch.Tick())
                _handler.OnDoubt(this);
        }
        finally
        {
            Volatile.Write(ref _isLooking, 0);
        }
    }
}
