using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Tunnel.Demo.Upstream;

/// <summary>Answers each datagram with its text and the client's address from the PROXY v2 header in front of it.</summary>
internal sealed class EchoServer : IDisposable
{
    // A PROXY v2 header begins with its signature, version and command, family and length (proxy-protocol.txt, section 2.2).
    private const int FixedHeader = 16;

    private readonly Socket _socket;

    public EchoServer(IPEndPoint endPoint)
    {
        _socket = new Socket(endPoint.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        _socket.Bind(endPoint);
    }

    private static ReadOnlySpan<byte> Signature => "\r\n\r\n\0\r\nQUIT\n"u8;

    public async Task RunAsync()
    {
        var buffer = new byte[65_535];
        var anyone = new IPEndPoint(_socket.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, 0);
        while (true)
        {
            var received = await _socket.ReceiveFromAsync(buffer, anyone);
            var answer = Describe(buffer.AsSpan(0, received.ReceivedBytes), received.RemoteEndPoint);
            await _socket.SendToAsync(Encoding.UTF8.GetBytes(answer), received.RemoteEndPoint);
        }
    }

    public void Dispose() => _socket.Dispose();

    private static string Describe(ReadOnlySpan<byte> datagram, EndPoint peer)
    {
        if (datagram.Length < FixedHeader || !datagram.StartsWith(Signature))
        {
            return $"Hello! There was no PROXY header, so all that is known is that this is from {peer}: {Text(datagram)}\n";
        }

        // 0x12 is IPv4 over UDP, and 0x22 is IPv6 over UDP.
        var addressLength = datagram[13] switch { 0x12 => 4, 0x22 => 16, _ => 0 };
        var headerLength = FixedHeader + BinaryPrimitives.ReadUInt16BigEndian(datagram[14..]);
        if (addressLength == 0 || headerLength < FixedHeader + (2 * addressLength) + 4 || headerLength > datagram.Length)
        {
            return "Hello! The PROXY header is not one of a UDP client.\n";
        }

        var addresses = datagram[FixedHeader..];
        var client = new IPAddress(addresses[..addressLength]);
        var port = BinaryPrimitives.ReadUInt16BigEndian(addresses[(2 * addressLength)..]);
        return $"Hello {client}, port {port}! You said: {Text(datagram[headerLength..])}\n";
    }

    private static string Text(ReadOnlySpan<byte> payload) => Encoding.UTF8.GetString(payload).Trim();
}
