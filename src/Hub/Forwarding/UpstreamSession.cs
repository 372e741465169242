using System.Net;
using System.Net.Sockets;
using Tunnel.Hub.Edges;
using Tunnel.Hub.Traffic;
using Tunnel.Shared.Protocol.Addresses;
using Tunnel.Shared.Protocol.Proxy;
using Tunnel.Shared.Sockets;
using Tunnel.Shared.Transport;

namespace Tunnel.Hub.Forwarding;

/// <summary>One UDP flow to its upstream: a connected socket of its own, so that replies find their client and ICMP messages their session.</summary>
internal sealed class UpstreamSession : IDatagramSink, IUpstreamReplies, ILiveConnection
{
    // A datagram that waited longer for the upstream's name is of no use any more (protocol.md section 4).
    private const long MaxHeldMilliseconds = 100;

    private readonly Lock _lock = new();
    private readonly SessionForwarder _forwarder;
    private readonly byte[] _header;

    // While the upstream's name is asked for.
    private HeldDatagrams? _held;
    private Socket? _socket;
    private bool _closed;
    private bool _headerSent;
    private readonly string? _client;
    private readonly long _id;
    private readonly DateTimeOffset _since;
    private long _lastActive;
    private long _bytesIn;
    private long _bytesOut;

    public UpstreamSession(SessionForwarder forwarder, SessionInfo info, ITunnelSession session, in StreamOpening opening, PortPolicy policy)
    {
        _forwarder = forwarder;
        Info = info;
        Entry = new LinkedListNode<UpstreamSession>(this);
        Session = session;
        Policy = policy;
        _header = policy.UdpProxyProtocol == UdpProxyProtocol.Off ? [] : MakeHeader(opening);
        _lastActive = forwarder.Time.GetTimestamp();
        _client = opening.Source?.ToString();
        _id = forwarder.Traffic.NextId();
        _since = forwarder.Time.GetUtcNow();
        Traffic = forwarder.Traffic.Of(info.EdgeId, udp: true, info.Port);
    }

    public PortTraffic Traffic { get; }

    public SessionInfo Info { get; }

    /// <summary>Its place in the forwarder's list.</summary>
    public LinkedListNode<UpstreamSession> Entry { get; }

    /// <summary>The timestamp of its last datagram.</summary>
    public long LastActive => Volatile.Read(ref _lastActive);

    public ITunnelSession Session { get; }

    public PortPolicy Policy { get; }

    /// <summary>Whether nothing has passed for the port's idle time-out.</summary>
    public bool IsIdle(long now) =>
        _forwarder.Time.GetElapsedTime(Volatile.Read(ref _lastActive), now) >= (Policy.IdleTimeout ?? PortPolicy.DefaultUdpIdleTimeout);

    /// <summary>Gives the session its upstream, and what was held until now.</summary>
    public void Connect(IPAddress target)
    {
        var socket = TryConnect(new IPEndPoint(target, Info.TargetPort));
        if (socket is null)
        {
            _forwarder.NoteFailure(Info, SessionFailure.Unreachable);
            _forwarder.End(this, "unreachable");
            return;
        }

        lock (_lock)
        {
            if (_closed)
            {
                socket.Dispose();
                return;
            }

            if (_held is not null)
            {
                DropExpiredLocked();
                _held.TakeAll((Session: this, socket), static (to, payload) => to.Session.AddToRun(to.socket, payload));
                _held = null;
                SendRun(socket);
            }

            _socket = socket;
        }

        new UpstreamReceiver(socket, this).Start();
    }

    /// <summary>Closes the socket.</summary>
    public void Close()
    {
        lock (_lock)
        {
            _closed = true;
            if (_held?.DropAll() is > 0 and var lost)
                _forwarder.NoteFailure(Info, SessionFailure.SessionGone, lost);
            _held = null;
            _socket?.Dispose();
        }
    }

    /// <summary>Drops what has waited for the upstream's name for too long.</summary>
    public void DropExpired()
    {
        if (Volatile.Read(ref _socket) is not null)
            return;
        lock (_lock)
            DropExpiredLocked();
    }

    /// <summary>The session is over: it is counted out and, where the policy says so, kept in the log.</summary>
    public void NoteEnd(string reason)
    {
        var (bytesIn, bytesOut) = (Volatile.Read(ref _bytesIn), Volatile.Read(ref _bytesOut));
        Traffic.Remove(this, bytesIn, bytesOut);
        if (!Policy.LogConnections)
            return;
        var now = _forwarder.Time.GetUtcNow();
        _forwarder.Traffic.Log.Add(new ConnectionRecord
        {
            Time = now,
            EdgeId = Info.EdgeId,
            Port = Info.Port,
            Proto = "udp",
            Client = _client,
            Action = ConnectionAction.Allowed,
            Reason = reason,
            BytesIn = bytesIn,
            BytesOut = bytesOut,
            Duration = Math.Round((now - _since).TotalSeconds, 3),
        });
    }

    long ILiveConnection.BytesIn => Volatile.Read(ref _bytesIn);

    long ILiveConnection.BytesOut => Volatile.Read(ref _bytesOut);

    LiveConnection ILiveConnection.Describe() => new()
    {
        Id = _id,
        EdgeId = Info.EdgeId,
        Port = Info.Port,
        Proto = "udp",
        Client = _client,
        Target = HostSyntax.Format(Info.TargetHost, Info.TargetPort),
        Since = _since,
        BytesIn = Volatile.Read(ref _bytesIn),
        BytesOut = Volatile.Read(ref _bytesOut),
    };

    void IDatagramSink.OnDatagram(ReadOnlySpan<byte> payload)
    {
        Add(payload);
        ((IDatagramSink)this).OnBatchEnd();
    }

    void IDatagramSink.OnDatagramOfBatch(ReadOnlySpan<byte> payload) => Add(payload);

    void IDatagramSink.OnBatchEnd()
    {
        if (Volatile.Read(ref _socket) is { } socket)
            SendRun(socket);
    }

    void IDatagramSink.OnSessionClosed() => _forwarder.Forget(this);

    void IUpstreamReplies.OnReply(ReadOnlySpan<byte> datagram)
    {
        Volatile.Write(ref _bytesOut, _bytesOut + datagram.Length);
        Traffic.NoteSuccess();
        if (!Session.Queue(datagram))
            _forwarder.NoteFailure(Info, SessionFailure.ReplyDropped);
    }

    void IUpstreamReplies.OnBatchEnd()
    {
        Touch();
        Session.Flush();
    }

    void IUpstreamReplies.OnError(SocketError error) => _forwarder.NoteFailure(Info, Classify(error));

    /// <summary>Before there is a socket it is held; else it leaves at the batch's end.</summary>
    private void Add(ReadOnlySpan<byte> payload)
    {
        Touch();
        // The tunnel's read loop alone comes here.
        Volatile.Write(ref _bytesIn, _bytesIn + payload.Length);
        if ((Volatile.Read(ref _socket) ?? TryHold(payload)) is { } socket)
            AddToRun(socket, payload);
    }

    /// <returns>The socket, if there is one by now, and then nothing is held.</returns>
    private Socket? TryHold(ReadOnlySpan<byte> payload)
    {
        lock (_lock)
        {
            if (_socket is not null)
                return _socket;
            DropExpiredLocked();
            _held ??= _closed ? null : new HeldDatagrams(_forwarder.Memory, MaxHeldMilliseconds);
            if (_held is null)
                _forwarder.NoteFailure(Info, SessionFailure.SessionGone);
            else if (!_held.TryHold(payload, _forwarder.NowMilliseconds))
                _forwarder.NoteFailure(Info, SessionFailure.NotReady);
            return null;
        }
    }

    private void DropExpiredLocked()
    {
        if (_held?.DropExpired(_forwarder.NowMilliseconds) is > 0 and var expired)
            _forwarder.NoteFailure(Info, SessionFailure.Expired, expired);
    }

    private void AddToRun(Socket socket, ReadOnlySpan<byte> payload)
    {
        var header = _headerSent && Policy.UdpProxyProtocol == UdpProxyProtocol.First ? default : _header.AsSpan();
        if (header.Length + payload.Length > DatagramRun.MaxPayload)
        {
            _forwarder.NoteFailure(Info, SessionFailure.TooLarge);
            return;
        }

        _headerSent = true;
        if (DatagramRun.Current.TryAdd(this, header, payload))
            return;
        SendRun(socket);
        DatagramRun.Current.TryAdd(this, header, payload);
    }

    private void SendRun(Socket socket)
    {
        var result = DatagramRun.Current.Send(this, socket.SafeHandle, [], []);
        if (result.Refused > 0)
            _forwarder.NoteFailure(Info, SessionFailure.Refused, result.Refused);
        if (result.Dropped > 0)
            _forwarder.NoteFailure(Info, Classify(result.Error), result.Dropped);
    }

    private static Socket? TryConnect(IPEndPoint target)
    {
        Socket? socket = null;
        try
        {
            socket = new Socket(target.AddressFamily, SocketType.Dgram, ProtocolType.Udp) { Blocking = false };
            socket.Connect(target);
            DatagramReceiver.Coalesce(socket);
            return socket;
        }
        catch (SocketException)
        {
            socket?.Dispose();
            return null;
        }
    }

    private void Touch() => Volatile.Write(ref _lastActive, _forwarder.Time.GetTimestamp());

    private static byte[] MakeHeader(in StreamOpening opening)
    {
        Span<byte> buffer = stackalloc byte[ProxyV2.IPv6Length];
        var length = ProxyV2.Write(buffer, opening.Source, opening.Destination, ProxyTransport.Datagram);
        return buffer[..length].ToArray();
    }

    private static SessionFailure Classify(SocketError error) => error switch
    {
        SocketError.ConnectionRefused => SessionFailure.Refused,
        SocketError.MessageSize => SessionFailure.TooLarge,
        SocketError.WouldBlock or SocketError.NoBufferSpaceAvailable => SessionFailure.NoRoom,
        _ => SessionFailure.Unreachable,
    };
}

/// <summary>Which session it is, for logs and counters.</summary>
/// <param name="EdgeId">Whose.</param>
/// <param name="Port">The edge's listening port.</param>
/// <param name="TargetHost">The upstream's name or address.</param>
/// <param name="TargetPort">The upstream's port.</param>
internal sealed record SessionInfo(string EdgeId, int Port, string TargetHost, int TargetPort);
