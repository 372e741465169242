using Tunnel.Edge.Admission;
using Tunnel.Edge.Connecting;
using Tunnel.Edge.Refusing;
using Tunnel.Shared.Relay;
using Tunnel.Shared.Transport;

namespace Tunnel.Edge.Udp;

/// <summary>The flow of one client at one UDP port.</summary>
internal sealed class UdpSession(SessionKey key, UdpPort port, AddressEntry? address, UdpSessions sessions)
    : SessionNode<UdpSession>(key), IDatagramSink
{
    /// <summary>
    /// How long a session waits for a hub that is lost or gives no sign of life, while another one could have it: its upstream takes the
    /// client for another one then.
    /// </summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private ITunnel? _tunnel;
    private ITunnelSession? _tunnelSession;
    private UdpSession? _before;
    private volatile bool _isClosed;
    private volatile bool _isLost;

    public UdpPort Port => port;

    /// <summary>The entry of its client's address in its port's limits; null when there is none.</summary>
    public AddressEntry? Address => address;

    /// <summary>How fast the client may send; null: no limit.</summary>
    public ByteBucket? UploadRate { get; init; }

    /// <summary>Bounds the answers to a client that has sent one datagram; null: no limit.</summary>
    public AmplificationGuard? Guard { get; init; }

    /// <summary>What the hub is told of its client.</summary>
    public StreamOpening Opening => new(Key.Path.RemoteEndPoint, Key.Path.LocalEndPoint(port.Number), port.Number);

    /// <summary>False once the hub or the loss of the tunnel has ended the session.</summary>
    public bool IsOpen => Volatile.Read(ref _tunnelSession) is { IsOpen: true };

    /// <summary>Whether its tunnel was lost, so that it goes on over another one with its client's next datagram.</summary>
    public bool IsLost => _isLost;

    public void Attach(ITunnel tunnel, ITunnelSession session)
    {
        _tunnel = tunnel;
        Volatile.Write(ref _tunnelSession, session);
    }

    /// <summary>The tunnel to which everything open on the session's tunnel goes over, if it can take it now; else null.</summary>
    public ITunnel? Successor
    {
        get
        {
            var tunnel = _tunnel?.Successor;
            while (tunnel?.Successor is { } next)
                tunnel = next;
            return tunnel is { IsLost: false, IsInDoubt: false, Completion.IsCompleted: false } ? tunnel : null;
        }
    }

    /// <summary>
    /// Returns the session of the same client for another tunnel. It has the same admission, and knows what this one knows of the client.
    /// </summary>
    public UdpSession Continue() => new(Key, port, address, sessions)
    {
        IdleTimeout = IdleTimeout,
        UploadRate = UploadRate,
        Guard = Guard,
    };

    /// <summary>
    /// Goes on in place of a session over another tunnel. That one stays open, for the answers under way, until the hub ends it: an end
    /// from here might come before this session's beginning, and the hub then has no socket for it to go on with.
    /// </summary>
    public void TakeOver(UdpSession older)
    {
        older.CloseBefore();
        Interlocked.Exchange(ref _before, older);

        // Its port may have been closed since the session was opened.
        if (_isClosed)
            CloseBefore();
    }

    /// <summary>Returns the tunnel that shall have the client because the session's hub is gone for so long; null when it stays.</summary>
    public ITunnel? FindRefuge(ITunnelSource tunnels) =>
        _tunnel is { } tunnel && tunnels.GoneFor(tunnel) >= Patience
            && tunnels.Usable is { } other && other != tunnel && tunnels.GoneFor(other) is null
            ? other
            : null;

    /// <summary>Gives a datagram of the client to the tunnel, which sends it with <see cref="Flush"/>.</summary>
    public bool Queue(ReadOnlySpan<byte> payload)
    {
        Guard?.NoteAsked(payload.Length);
        return _tunnelSession!.Queue(payload);
    }

    /// <summary>Sends what this session and other sessions of its tunnel have queued.</summary>
    public void Flush() => _tunnelSession?.Flush();

    public bool SharesTunnelWith(UdpSession other) => _tunnel == other._tunnel;

    /// <summary>Ends the session and tells the hub.</summary>
    public void Close()
    {
        _isClosed = true;
        CloseBefore();
        _tunnelSession?.Close();
    }

    /// <summary>Takes an answer, which goes only to this session's client, from the port and address that the client wrote to.</summary>
    void IDatagramSink.OnDatagram(ReadOnlySpan<byte> payload)
    {
        AddAnswer(payload);
        port.SendAnswers(this);
    }

    void IDatagramSink.OnDatagramOfBatch(ReadOnlySpan<byte> payload) => AddAnswer(payload);

    void IDatagramSink.OnBatchEnd() => port.SendAnswers(this);

    void IDatagramSink.OnSessionClosed() => sessions.Forget(this);

    // It stays in its place, as long as it would without datagrams, for the hub keeps its socket too.
    void IDatagramSink.OnSessionLost() => _isLost = true;

    private void CloseBefore() => Interlocked.Exchange(ref _before, null)?.Close();

    private void AddAnswer(ReadOnlySpan<byte> payload)
    {
        sessions.Touch(this);
        if (Guard?.Allows(payload.Length) == false)
            port.Admission.CountDrops(RefusalReason.UdpAmplification, 1);
        else
            port.AddAnswer(this, payload);
    }
}
