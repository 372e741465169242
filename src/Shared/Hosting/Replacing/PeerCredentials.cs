using System.Net.Sockets;

namespace Tunnel.Shared.Hosting.Replacing;

/// <summary>Tells who is at the other end of a Unix socket, as the kernel knows it (SO_PEERCRED of unix(7)).</summary>
internal readonly record struct PeerCredentials(int Process, uint User)
{
    private const int SocketLevel = 1;
    private const int Option = 17;

    public static PeerCredentials Of(Socket socket)
    {
        Span<byte> credentials = stackalloc byte[3 * sizeof(int)];
        socket.GetRawSocketOption(SocketLevel, Option, credentials);
        return new(BitConverter.ToInt32(credentials), BitConverter.ToUInt32(credentials[sizeof(int)..]));
    }
}
