using System.Net.Security;
using System.Net.Sockets;

namespace Tunnel.Shared.Transport.Tls;

/// <summary>A TCP connection with TLS on it, tuned for the mux, before it is a tunnel. Disposing closes it.</summary>
public sealed class TlsConnection : IAsyncDisposable
{
    /// <summary>Wraps a connected socket, which this owns from now on.</summary>
    public TlsConnection(Socket socket)
    {
        Socket = socket;
        Stream = new SslStream(new NetworkStream(socket, ownsSocket: false), leaveInnerStreamOpen: false);
    }

    /// <summary>The TCP socket.</summary>
    public Socket Socket { get; }

    /// <summary>The TLS stream; the handshake is the caller's.</summary>
    public SslStream Stream { get; }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Stream.DisposeAsync();
        Socket.Dispose();
    }
}
