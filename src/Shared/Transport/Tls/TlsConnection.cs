using System.Net.Security;
using System.Net.Sockets;
using Tunnel.Shared.Sockets;

namespace Tunnel.Shared.Transport.Tls;

/// <summary>A TCP connection with TLS on it, tuned for the mux, before it is a tunnel. Disposing closes it.</summary>
public sealed class TlsConnection : IAsyncDisposable
{
    // setsockopt(2), tcp(7)
    private const int TcpLevel = 6;
    private const int TcpUserTimeout = 18;
    private const int TcpNotSentLowWater = 25;
    private const int TcpInfo = 11;
    private const int TcpInfoRoundTrip = 68;
    private const int TcpInfoNotSent = 144;

    /// <summary>
    /// Bytes that may wait unsent in the kernel: more would only queue behind the scheduler's back (protocol.md section 5).
    /// </summary>
    private const int NotSentLowWater = 128 << 10;

    /// <summary>Unacknowledged bytes for this long end the connection: backs up the liveness limit (protocol.md section 3).</summary>
    private const int UserTimeoutMilliseconds = 45_000;

    private readonly LoopSocket _watched;
    private readonly GatheringStream _gathering;

    /// <summary>Wraps a connected socket, which this owns from now on.</summary>
    public TlsConnection(Socket socket)
    {
        Socket = socket;
        socket.NoDelay = true;
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        SetOption(TcpUserTimeout, UserTimeoutMilliseconds);
        SetOption(TcpNotSentLowWater, NotSentLowWater);
        // Until it is a tunnel: a handshake's cryptography would hold up all other sockets.
        _watched = new LoopSocket(socket) { UsesPool = true };
        _gathering = new GatheringStream(_watched);
        Stream = new SslStream(_gathering, leaveInnerStreamOpen: false);
    }

    /// <summary>The TCP socket.</summary>
    public Socket Socket { get; }

    /// <summary>The TLS stream; the handshake is the caller's.</summary>
    public SslStream Stream { get; }

    internal GatheringStream Gathering => _gathering;

    /// <summary>Where its events come from.</summary>
    internal EventLoop Loop => _watched.Loop;

    /// <summary>The handshake is over: from now on what waits for bytes goes on where they are noticed.</summary>
    internal void UseLoop() => _watched.UsesPool = false;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Stream.DisposeAsync();
        Socket.Dispose();
    }

    /// <summary>The kernel's smoothed round trip (TCP_INFO), or null when it can't be told.</summary>
    internal TimeSpan? GetRoundTripTime() => ReadInfo(TcpInfoRoundTrip) is { } microseconds ? TimeSpan.FromMicroseconds(microseconds) : null;

    /// <summary>Bytes that the kernel has not sent even once (TCP_INFO); 0 when it can't be told.</summary>
    internal uint GetUnsentBytes() => ReadInfo(TcpInfoNotSent) ?? 0;

    // Null too where the kernel is older than the field.
    private uint? ReadInfo(int offset)
    {
        Span<byte> info = stackalloc byte[TcpInfoNotSent + sizeof(uint)];
        try
        {
            var length = Socket.GetRawSocketOption(TcpLevel, TcpInfo, info);
            return length >= offset + sizeof(uint) ? BitConverter.ToUInt32(info[offset..]) : null;
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            return null;
        }
    }

    private void SetOption(int name, int value) => Socket.SetRawSocketOption(TcpLevel, name, BitConverter.GetBytes(value));
}
