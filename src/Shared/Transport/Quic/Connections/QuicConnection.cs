using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Tunnel.Shared.Transport.Quic.Native;

namespace Tunnel.Shared.Transport.Quic.Connections;

/// <summary>
/// A QUIC connection before and while it is a tunnel. Before, its control stream is read and written as a <see cref="Stream"/> for the two
/// handshake lines, and nothing else from the peer is accepted. Disposing ends the connection.
/// </summary>
public sealed class QuicConnection : IAsyncDisposable, IConnectionEvents
{
    /// <summary>The code of a close that leaves what is open to be moved (protocol.md section 8).</summary>
    internal const ulong LeftCode = 2;

    private const ulong NoError = 0;

    private readonly TaskCompletionSource _connected = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<ControlChannel> _controlOpened = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly DatagramLimit _datagrams = new();
    private readonly ILogger _logger;
    private ConnectionHandle _handle = null!;
    private volatile IPEndPoint _remote;
    private volatile IConnectionOwner? _owner;
    private volatile ControlChannel? _control;
    private volatile TunnelEnd? _end;
    private Func<NativeBuffer?, NativeBuffer?, string?>? _certificateCheck;
    private long _roundTripMicroseconds;

    private QuicConnection(TransportContext context, MsQuic library, IPEndPoint remote)
    {
        Context = context;
        Library = library;
        _remote = remote;
        _logger = context.LoggerFactory.CreateLogger("Tunnel.Transport.Quic");
        // Marks the exceptions as observed, because perhaps nobody waits for these tasks.
        _ = _connected.Task.Exception;
    }

    /// <summary>The peer's address; changes when the connection migrates.</summary>
    public IPEndPoint RemoteEndPoint => _remote;

    /// <summary>The control stream for the two handshake lines, available after the handshake. Disposing it does nothing.</summary>
    /// <exception cref="InvalidOperationException">The handshake is not done yet.</exception>
    public Stream Stream => Control.Stream;

    /// <summary>Completes when the connection has ended and its native handle may be closed; never faults.</summary>
    public Task Closed => _closed.Task;

    internal MsQuic Library { get; }

    internal TransportContext Context { get; }

    internal ConnectionHandle Handle => _handle;

    /// <summary>Completes when the handshake is done or has failed; never faults.</summary>
    internal Task HandshakeOver => Task.WhenAny(_connected.Task, _closed.Task);

    internal bool IsConnected => _connected.Task.IsCompletedSuccessfully;

    internal ControlChannel Control => _control ?? throw new InvalidOperationException("no control stream yet");

    /// <summary>Why the connection has ended or is about to; null while it lives.</summary>
    internal TunnelEnd? End => _end;

    /// <summary>Whether the peer has ended the connection by its own will, and told so.</summary>
    public bool IsClosedByPeer => _end?.Kind == TunnelEndKind.PeerClosed;

    /// <summary>Why the peer's certificate was refused, or null.</summary>
    internal string? CertificateFault { get; private set; }

    /// <summary>The status with which msquic ended the connection; 0 when the transport did not end it.</summary>
    internal int TransportStatus { get; private set; }

    /// <summary>Bytes of the longest datagram that can be sent at present, with its session id; 0 while none can be sent.</summary>
    internal int MaxDatagram => _datagrams.Longest;

    /// <summary>The smoothed round trip, or null before the first figures.</summary>
    public TimeSpan? RoundTripTime =>
        Volatile.Read(ref _roundTripMicroseconds) is > 0 and var microseconds ? TimeSpan.FromMicroseconds(microseconds) : null;

    /// <summary>
    /// Bytes of the largest packet that the path takes, as found so far (QUIC packet in UDP payload); 0 before the first figures.
    /// </summary>
    public int PathMtu { get; private set; }

    /// <summary>Edge: true when this side had to prove its address before the hub did any work (Retry; RFC 9000, 8.1.2).</summary>
    public bool WasRetried { get; private set; }

    /// <summary>Hub: waits until the peer has finished the handshake and opened its control stream.</summary>
    /// <exception cref="IOException">The handshake failed, or the peer went away.</exception>
    public Task AcceptControlAsync(CancellationToken cancellationToken) => _controlOpened.Task.WaitAsync(cancellationToken);

    /// <summary>Ends the connection at once and drops queued data. Does not wait.</summary>
    public void Abort() => _handle.Shutdown(NoError, silent: false);

    /// <summary>
    /// Ends the connection once the bytes written to <see cref="Stream"/> have arrived, so that a refusal is heard, or when cancelled.
    /// </summary>
    public async Task CloseAfterFlushAsync(CancellationToken cancellationToken)
    {
        if (_control is { } control)
        {
            control.Finish();
            // The peer closes when it has read all. Closing first would discard what it has not read yet.
            await _closed.Task.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await DisposeAsync();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        Abort();
        await _closed.Task;
    }

    internal static QuicConnection Open(
        TransportContext context, MsQuic library, IPEndPoint remote, Func<NativeBuffer?, NativeBuffer?, string?> certificateCheck)
    {
        var result = new QuicConnection(context, library, remote) { _certificateCheck = certificateCheck };
        result._handle = ConnectionHandle.Open(library, result);
        return result;
    }

    internal static QuicConnection Adopt(TransportContext context, MsQuic library, IPEndPoint remote, nint handle)
    {
        var result = new QuicConnection(context, library, remote);
        result._handle = ConnectionHandle.Adopt(library, result, handle);
        return result;
    }

    /// <summary>Edge: does the handshake.</summary>
    /// <exception cref="IOException">The handshake failed; see <see cref="TransportStatus"/> and
    /// <see cref="CertificateFault"/>.</exception>
    internal async Task ConnectAsync(ConfigurationHandle configuration, string serverName, CancellationToken cancellationToken)
    {
        var status = _handle.Start(configuration, _remote, serverName);
        if (QuicStatus.Failed(status))
        {
            TransportStatus = status;
            // The connection was never started, so no last event will come.
            _handle.Dispose();
            _closed.TrySetResult();
            throw new QuicException("QUIC can't be started", status);
        }

        await _connected.Task.WaitAsync(cancellationToken);
        _control = ControlChannel.Open(this);
    }

    /// <summary>Ends the connection without telling the peer, which may not even be there. Returns at once.</summary>
    internal void AbortSilently() => _handle.Shutdown(NoError, silent: true);

    /// <summary>
    /// Edge: goes on from another UDP port. The hub takes that for a new path and begins again with the smallest packets, which msquic
    /// never does on a path whose MTU has fallen; a NAT that has forgotten the connection makes a new entry as well. Waits for a worker.
    /// </summary>
    internal void MoveToNewPort() =>
        _handle.UseLocalAddress(new IPEndPoint(_remote.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, 0));

    internal void Shutdown(ulong code) => _handle.Shutdown(code, silent: false);

    /// <summary>Passes streams, datagrams and the end to a tunnel from now on.</summary>
    internal void HandOver(IConnectionOwner owner)
    {
        _owner = owner;
        if (_end is { } end)
            owner.OnConnectionEnding(end);
        if (_closed.Task.IsCompleted)
            owner.OnConnectionClosed();
    }

    unsafe int IConnectionEvents.OnConnectionEvent(ref ConnectionEvent e)
    {
        switch (e.Type)
        {
            case ConnectionEvent.Connected:
                NoteStatistics();
                _connected.TrySetResult();
                break;
            case ConnectionEvent.PeerCertificateReceived:
                return CheckCertificate(e);
            case ConnectionEvent.PeerStreamStarted:
                return OnPeerStream(e.PeerStream, (e.PeerStreamFlags & 1) != 0);
            case ConnectionEvent.DatagramReceived:
                _owner?.OnDatagram(e.Datagram->Span);
                break;
            case ConnectionEvent.DatagramStateChanged:
                _datagrams.Longest = e.DatagramSendEnabled != 0 ? e.DatagramMaxLength : 0;
                break;
            case ConnectionEvent.DatagramSendStateChanged:
                _owner?.OnSendState(e.DatagramContext, e.DatagramSendState);
                break;
            case ConnectionEvent.PeerAddressChanged:
                OnPeerAddress(e.PeerAddress->ToEndPoint());
                break;
            case ConnectionEvent.ShutdownByTransport:
                TransportStatus = e.TransportStatus;
                OnEnding(EndOfTransport(e.TransportStatus));
                break;
            case ConnectionEvent.ShutdownByPeer:
                OnEnding(e.PeerErrorCode == LeftCode
                    ? new TunnelEnd(TunnelEndKind.ConnectionLost, "the peer goes on without it")
                    : new TunnelEnd(TunnelEndKind.PeerClosed, $"the peer closed the connection (code {e.PeerErrorCode})"));
                break;
            case ConnectionEvent.ShutdownComplete:
                OnClosed();
                break;
        }

        return QuicStatus.Success;
    }

    void IConnectionEvents.OnDefect(Exception exception) => OnDefect(exception);

    internal void OnDefect(Exception exception)
    {
        QuicLog.Bug(_logger, exception, _remote);
        Abort();
    }

    /// <summary>Reads new figures. Waits for a worker, unless called from a callback of this connection.</summary>
    internal void NoteStatistics()
    {
        if (_handle.GetStatistics() is not { } figures)
            return;
        Volatile.Write(ref _roundTripMicroseconds, figures.RoundTripMicroseconds);
        PathMtu = figures.PathMtu;
        WasRetried = figures.WasRetried;
    }

    private static TunnelEnd EndOfTransport(int status) => status is QuicStatus.ConnectionIdle or QuicStatus.ConnectionTimeout
        ? new TunnelEnd(TunnelEndKind.Timeout, "nothing heard for 45 s")
        : new TunnelEnd(TunnelEndKind.ConnectionLost, QuicStatus.Describe(status));

    private unsafe int CheckCertificate(in ConnectionEvent e)
    {
        if (_certificateCheck is null)
            return QuicStatus.Success;
        CertificateFault = _certificateCheck(
            e.Certificate is null ? null : *e.Certificate,
            e.CertificateChain is null ? null : *e.CertificateChain);
        return CertificateFault is null ? QuicStatus.Success : QuicStatus.BadCertificate;
    }

    // The first bidirectional stream of an edge is the control stream; the limit for strangers allows no other.
    private int OnPeerStream(nint stream, bool unidirectional)
    {
        if (_owner is { } owner)
            return owner.OnPeerStream(stream, unidirectional);
        if (_control is not null || unidirectional)
            return QuicStatus.AbortedByUser;
        var control = ControlChannel.Adopt(this, stream);
        _control = control;
        _controlOpened.TrySetResult(control);
        return QuicStatus.Success;
    }

    private void OnPeerAddress(IPEndPoint address)
    {
        QuicLog.Migrated(_logger, _remote, address);
        _remote = address;
        _datagrams.OnPathChanged();
        _owner?.OnPeerAddressChanged();
    }

    private void OnEnding(TunnelEnd end)
    {
        _end ??= end;
        Fail();
        _control?.OnConnectionEnding();
        _owner?.OnConnectionEnding(end);
    }

    private void OnClosed()
    {
        _end ??= new TunnelEnd(TunnelEndKind.Closed, "closed");
        Fail();
        _control?.OnConnectionEnding();
        // All of the connection's streams have had their last event. Streams whose bytes are still being written to a socket keep the
        // handle open.
        _handle.Dispose();
        _closed.TrySetResult();
        _owner?.OnConnectionClosed();
    }

    private void Fail()
    {
        var failure = new IOException(CertificateFault ?? _end!.Detail);
        if (_connected.TrySetException(failure))
            _ = _connected.Task.Exception;
        if (_controlOpened.TrySetException(failure))
            _ = _controlOpened.Task.Exception;
    }
}
