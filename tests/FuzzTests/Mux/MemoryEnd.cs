using System.Net;
using System.Net.Sockets;
using Tunnel.Shared.Transport.Tls.Connections;

namespace Tunnel.FuzzTests.Mux;

/// <summary>
/// A connection that tunnels can be made on, one after the other. There is a socket, since a tunnel asks the kernel about its connection,
/// but not a byte goes through it, and it outlives them.
/// </summary>
internal sealed class MemoryEnd
{
    // A socket that nobody refers to may be collected, and closed by that.
    private readonly Socket _other;
    private readonly byte[] _piece = new byte[32 << 10];

    public MemoryEnd()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(1);
        var socket = new LastingSocket();
        socket.Connect(listener.LocalEndPoint!);
        _other = listener.Accept();
        Connection = new TlsConnection(socket, network => Tls = new MemoryTls(network));
    }

    public TlsConnection Connection { get; }

    public MemoryTls Tls { get; private set; } = null!;

    /// <summary>Bytes that come from the other end go in, as many as there are or as are wanted.</summary>
    /// <returns>True when there were any bytes.</returns>
    public bool TakeFrom(MemoryEnd other, int atMost)
    {
        var count = Math.Min(Math.Min(other.Tls.Sent.Length, atMost), _piece.Length);
        if (count == 0)
            return false;
        other.Tls.Sent[..count].CopyTo(_piece);
        other.Tls.Take(count);
        if (Tls.IsWaiting)
            Tls.Give(_piece.AsMemory(0, count));
        return true;
    }

    public override string ToString() => $"{_other.LocalEndPoint}";

    private sealed class LastingSocket() : Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)
    {
        protected override void Dispose(bool disposing)
        {
        }
    }
}
