using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using Tunnel.Shared.Sockets;

namespace Tunnel.Shared.Transport.Tls.Connections;

/// <summary>A TCP connection with TLS on it, tuned for the mux, before it is a tunnel. Disposing closes it.</summary>
public sealed class TlsConnection : IFrameConnection
{
    private readonly LoopSocket _watched;
    private readonly GatheringStream _gathering;

    /// <summary>Wraps a connected socket and takes ownership of it.</summary>
    public TlsConnection(Socket socket)
        : this(socket, static network => new TlsStream(network))
    {
    }

    /// <summary>Wraps a connected socket with another way to secure it; fuzz tests use it to join two tunnels in memory.</summary>
    internal TlsConnection(Socket socket, Func<GatheringStream, SslStream> secure)
    {
        Socket = socket;
        Tcp = new TcpOptions(socket);
        Tcp.Prepare();
        // The thread pool is used until this is a tunnel, because a handshake's cryptography would delay all other sockets.
        _watched = new LoopSocket(socket) { UsesPool = true };
        _gathering = new GatheringStream(_watched);
        Stream = secure(_gathering);
    }

    /// <summary>The TCP socket.</summary>
    public Socket Socket { get; }

    /// <summary>The TLS stream; the caller does the handshake.</summary>
    public SslStream Stream { get; }

    /// <summary>Whether the peer has ended its direction in order, and had sent nothing at all.</summary>
    public bool EndedWithoutAByte => _gathering.EndedWithoutAByte;

    /// <summary>The kernel's side of the connection.</summary>
    internal TcpOptions Tcp { get; }

    internal GatheringStream Gathering => _gathering;

    /// <summary>The loop that delivers the connection's events.</summary>
    internal EventLoop Loop => _watched.Loop;

    IPEndPoint IFrameConnection.Remote => (IPEndPoint)Socket.RemoteEndPoint!;

    EventLoop IFrameConnection.Loop => Loop;

    TcpOptions IFrameConnection.Tcp => Tcp;

    GatheringStream IFrameConnection.Gathering => _gathering;

    /// <summary>
    /// Whether this is an exception that a socket or SslStream throws when the connection breaks or is closed during a call. OpenSSL's own
    /// errors come as CryptographicException.
    /// </summary>
    internal static bool IsLoss(Exception e) =>
        e is IOException or SocketException or ObjectDisposedException or InvalidOperationException or AuthenticationException
            or CryptographicException;

    /// <summary>
    /// Tells the peer that nothing follows (close_notify, RFC 8446 section 6.1). Reads and writes of <see cref="SslStream"/> do not disturb
    /// each other, but this call may disturb a read: OpenSSL may refuse it while another thread decrypts.
    /// </summary>
    /// <exception cref="IOException">The connection is lost, or OpenSSL refuses.</exception>
    public async Task SendCloseNotifyAsync(CancellationToken cancellationToken)
    {
        try
        {
            await Stream.ShutdownAsync().WaitAsync(cancellationToken);
        }
        catch (Exception error) when (error is not (IOException or OperationCanceledException))
        {
            // OpenSSL's refusal is an exception of a type that is not public, and a broken connection gives one of several types.
            throw new IOException($"close_notify can't be sent: {error.Message}", error);
        }
    }

    ValueTask<int> IFrameConnection.ReadAsync(Memory<byte> buffer) => Stream.ReadAsync(buffer);

    ValueTask IFrameConnection.WriteAsync(ReadOnlyMemory<byte> data) => Stream.WriteAsync(data);

    async Task IFrameConnection.EndWritingAsync(CancellationToken cancellationToken)
    {
        await SendCloseNotifyAsync(cancellationToken);
        Socket.Shutdown(SocketShutdown.Send);
    }

    /// <summary>Makes the connection a tunnel after its handshake: continuations of waits for bytes now run on the loop's thread.</summary>
    internal void BecomeTunnel(CongestionControl congestion)
    {
        Tcp.Use(congestion);
        Tcp.LimitReceiveBufferOfNearPeer();
        _watched.UsesPool = false;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Stream.DisposeAsync();
        Socket.Dispose();
    }
}
