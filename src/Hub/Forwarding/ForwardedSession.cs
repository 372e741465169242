using System.Net.Sockets;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Hub.Edges.Live;
using Tunnel.Hub.Forwarding.Entering;
using Tunnel.Hub.Targets;
using Tunnel.Hub.Traffic;
using Tunnel.Shared.Protocol.Proxy;
using Tunnel.Shared.Relay;
using Tunnel.Shared.Sockets;
using Tunnel.Shared.Transport;

namespace Tunnel.Hub.Forwarding;

/// <summary>
/// Forwards one UDP flow to its upstream over a connected socket of its own, so that replies find their client and ICMP messages their
/// session.
/// </summary>
internal sealed class ForwardedSession : MovingUpstream, IDatagramSink, IByteCounts
{
    // A datagram that waited longer for the upstream's name is no longer useful (protocol.md section 4).
    private const long MaxHeldMilliseconds = 100;

    // The edge, which sees a client's datagrams first, ends idle sessions. If the hub ended them at the same time, a datagram could cross
    // the end and be lost.
    private static readonly TimeSpan IdleGrace = TimeSpan.FromSeconds(10);

    // An upstream that is silent for this long may have moved, leaving nobody there to refuse datagrams.
    private static readonly TimeSpan SilenceLimit = TimeSpan.FromSeconds(10);

    private readonly byte[] _header;
    private readonly ByteBucket? _downloadRate;

    // Holds datagrams while the upstream's name is resolved.
    private HeldDatagrams? _held;
    private bool _headerSent;
    private bool _isTwoWay;
    private long _lastSent;
    private long _lastHeard;
    private long _bytesIn;
    private long _bytesOut;
    private long _lostAt;

    public ForwardedSession(
        SessionForwarder forwarder, ConnectionEntry entry, EdgeTunnel tunnel, ITunnelSession session, in StreamOpening opening)
        : base(forwarder, entry)
    {
        Session = session;
        Flow = SessionFlow.Of(tunnel, opening);
        _header = entry.Route.UdpProxy == UdpProxyProtocol.Off ? [] : MakeHeader(opening, entry.Fields);
        _downloadRate = entry.Policy.DownloadRate is { } rate ? new ByteBucket(rate, forwarder.Time) : null;
        _lastSent = _lastHeard = forwarder.Time.GetTimestamp();
    }

    public override long LastActive => Math.Max(Volatile.Read(ref _lastSent), Volatile.Read(ref _lastHeard));

    public ITunnelSession Session { get; }

    /// <summary>The flow by which the session is known when it comes over another tunnel; null when it ends with its own.</summary>
    public SessionFlow? Flow { get; }

    private PortPolicy Policy => Entry.Policy;

    /// <summary>Whether nothing has passed for the port's idle time-out, and the edge has had its time to end the session.</summary>
    public bool IsIdle(long now) =>
        Forwarder.Time.GetElapsedTime(LastActive, now) >= (Policy.IdleTimeout ?? PortPolicy.DefaultUdpIdleTimeout) + IdleGrace;

    /// <summary>Notes that the tunnel is lost.</summary>
    public void NoteLost() => Volatile.Write(ref _lostAt, Forwarder.Time.GetTimestamp());

    /// <summary>Whether the session has waited for another tunnel for so long.</summary>
    public bool HasWaited(long now, TimeSpan time) =>
        Volatile.Read(ref _lostAt) is var lostAt and not 0 && Forwarder.Time.GetElapsedTime(lostAt, now) >= time;

    /// <summary>Called once a second: drops datagrams that waited too long, and checks whether a silent upstream has moved.</summary>
    public void Tend(long now)
    {
        lock (Sync)
        {
            DropExpiredLocked();
            NoteOverflowsLocked();
        }

        if (Route.Pool is not null)
            LeaveEjected();
        else if (_lastSent > _lastHeard && Forwarder.Time.GetElapsedTime(_lastHeard, now) >= SilenceLimit)
            LookAgain(wasRefused: false, SilenceLimit);
    }

    long IByteCounts.BytesIn => Volatile.Read(ref _bytesIn);

    long IByteCounts.BytesOut => Volatile.Read(ref _bytesOut);

    void IDatagramSink.OnDatagram(ReadOnlySpan<byte> payload)
    {
        Add(payload);
        ((IDatagramSink)this).OnBatchEnd();
    }

    void IDatagramSink.OnDatagramOfBatch(ReadOnlySpan<byte> payload) => Add(payload);

    void IDatagramSink.OnBatchEnd()
    {
        if (Socket is { } socket)
            SendRun(socket);
    }

    void IDatagramSink.OnSessionClosed() => Forwarder.Forget(this);

    void IDatagramSink.OnSessionLost() => Forwarder.OnLost(this);

    public override void OnReply(ReadOnlySpan<byte> datagram)
    {
        NoteAnswer();
        if (_downloadRate?.TryTakeWhole(datagram.Length) == false)
        {
            Forwarder.CountDropped(Entry, SessionFailure.DownloadRate);
            return;
        }

        Volatile.Write(ref _bytesOut, _bytesOut + datagram.Length);
        if (Session.Queue(datagram))
            return;
        // If the session is open, the tunnel has dropped the datagram and counted it for a reason of its own.
        if (Session.IsOpen)
            Entry.Traffic.CountError("replyDropped");
        else
            Forwarder.NoteFailure(Entry, SessionFailure.SessionGone);
    }

    public override void OnBatchEnd()
    {
        Volatile.Write(ref _lastHeard, Forwarder.Time.GetTimestamp());
        Session.Flush();
    }

    /// <summary>Holds a datagram until there is a socket; later ones leave at the end of the batch.</summary>
    private void Add(ReadOnlySpan<byte> payload)
    {
        Volatile.Write(ref _lastSent, Forwarder.Time.GetTimestamp());
        if (!_isTwoWay && Volatile.Read(ref _bytesOut) > 0)
        {
            _isTwoWay = true;
            Forwarder.NoteTwoWay(this);
        }

        // Only the tunnel's read loop comes here.
        Volatile.Write(ref _bytesIn, _bytesIn + payload.Length);
        if ((Socket ?? TryHold(payload)) is { } socket)
            AddToRun(socket, payload);
    }

    /// <returns>The socket, if there is one by now; then nothing is held.</returns>
    private ConnectedDatagrams? TryHold(ReadOnlySpan<byte> payload)
    {
        lock (Sync)
        {
            if (Socket is { } socket)
                return socket;
            DropExpiredLocked();
            _held ??= IsClosed ? null : new HeldDatagrams(Forwarder.Memory, MaxHeldMilliseconds);
            if (_held is null)
                Forwarder.NoteFailure(Entry, SessionFailure.SessionGone);
            else if (!_held.TryHold(payload, Forwarder.NowMilliseconds))
                Forwarder.NoteFailure(Entry, SessionFailure.NotReady);
            return null;
        }
    }

    private void DropExpiredLocked()
    {
        if (_held?.DropExpired(Forwarder.NowMilliseconds) is > 0 and var expired)
            Forwarder.NoteFailure(Entry, SessionFailure.Expired, expired);
    }

    private void AddToRun(ConnectedDatagrams socket, ReadOnlySpan<byte> payload)
    {
        var header = _headerSent && Entry.Route.UdpProxy == UdpProxyProtocol.First ? default : _header.AsSpan();
        if (header.Length + payload.Length > DatagramRun.MaxPayload)
        {
            Forwarder.NoteFailure(Entry, SessionFailure.TooLarge);
            return;
        }

        _headerSent = true;
        if (DatagramRun.Current.TryAdd(this, header, payload))
            return;
        SendRun(socket);
        DatagramRun.Current.TryAdd(this, header, payload);
    }

    private void SendRun(ConnectedDatagrams socket)
    {
        var result = socket.Send(this);
        if (result.Dropped > 0)
            Forwarder.NoteFailure(Entry, Classify(result.Error), result.Dropped);
        for (var i = 0; i < result.Refused; i++)
            OnError(socket, SocketError.ConnectionRefused);
    }

    protected override void OnConnectedLocked(ConnectedDatagrams socket)
    {
        _headerSent = false;
        if (_held is null)
            return;
        DropExpiredLocked();
        _held.TakeAll((Session: this, socket), static (to, payload) => to.Session.AddToRun(to.socket, payload));
        _held = null;
        SendRun(socket);
    }

    // The upstream has seen the header that comes once.
    protected override void OnTakenLocked(ForwardedSession older) => _headerSent = older._headerSent;

    protected override void OnClosedLocked()
    {
        if (_held?.DropAll() is > 0 and var lost)
            Forwarder.NoteFailure(Entry, SessionFailure.SessionGone, lost);
        _held = null;
    }

    private static byte[] MakeHeader(in StreamOpening opening, HeaderFields? fields)
    {
        Span<byte> buffer = stackalloc byte[fields is null ? ProxyV2.IPv6Length : HeaderFields.MaxHeaderLength];
        var length = fields?.Write(buffer, opening, ProxyTransport.Datagram)
            ?? ProxyV2.Write(buffer, opening.Source, opening.Destination, ProxyTransport.Datagram);
        return buffer[..length].ToArray();
    }
}
