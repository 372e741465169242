using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using Tunnel.Shared.Sockets;

namespace Tunnel.Shared.Transport.Tls.Connections;

/// <summary>A TCP connection with TLS on it, tuned for the mux, before it is a tunnel. Disposing closes it.</summary>
public sealed class TlsConnection : IAsyncDisposable
{
    private readonly LoopSocket _watched;
    private readonly GatheringStream _gathering;

    /// <summary>Wraps a connected socket, which this owns from now on.</summary>
    public TlsConnection(Socket socket)
        : this(socket, static network => new TlsStream(network))
    {
    }

    /// <summary>The same with another way to secure it: fuzz tests join two tunnels in memory by one.</summary>
    internal TlsConnection(Socket socket, Func<GatheringStream, SslStream> secure)
    {
        Socket = socket;
        Tcp = new TcpOptions(socket);
        Tcp.Prepare();
        // Until it is a tunnel: a handshake's cryptography would hold up all other sockets.
        _watched = new LoopSocket(socket) { UsesPool = true };
        _gathering = new GatheringStream(_watched);
        Stream = secure(_gathering);
    }

    /// <summary>The TCP socket.</summary>
    public Socket Socket { get; }

    /// <summary>The TLS stream; the handshake is the caller's.</summary>
    public SslStream Stream { get; }

    /// <summary>The kernel's side of it.</summary>
    internal TcpOptions Tcp { get; }

    internal GatheringStream Gathering => _gathering;

    /// <summary>Where its events come from.</summary>
    internal EventLoop Loop => _watched.Loop;

    /// <summary>
    /// True for what a socket or SslStream throws when the connection breaks or is closed under it. OpenSSL's own errors come as
    /// CryptographicException.
    /// </summary>
    internal static bool IsLoss(Exception e) =>
        e is IOException or SocketException or ObjectDisposedException or InvalidOperationException or AuthenticationException
            or CryptographicException;

    /// <summary>
    /// Tells the peer that nothing follows (close_notify, RFC 8446 section 6.1). Reads and writes of <see cref="SslStream"/> keep out of
    /// each other's way, but this does not keep out of a read's: OpenSSL may refuse while another thread decrypts.
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
            // OpenSSL's refusal comes as an exception of a type that nobody can name, and a broken connection as one of several.
            throw new IOException($"close_notify can't be sent: {error.Message}", error);
        }
    }

    /// <summary>The handshake is over, and it is a tunnel from now on: what waits for bytes goes on where they are noticed.</summary>
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
