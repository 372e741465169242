using System.Net;
using System.Net.Sockets;

namespace Tunnel.FunctionalTests.Harness.Network;

/// <summary>Sends every datagram back, in a namespace.</summary>
public sealed class DatagramEcho : IDisposable
{
    private readonly Socket _socket;

    public DatagramEcho(NetworkEnd place)
    {
        _socket = place.Bind(SocketType.Dgram);
        _ = EchoAsync();
    }

    public IPEndPoint EndPoint => (IPEndPoint)_socket.LocalEndPoint!;

    public void Dispose() => _socket.Dispose();

    private async Task EchoAsync()
    {
        var buffer = new byte[65_536];
        try
        {
            while (true)
            {
                var received = await _socket.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0));
                await _socket.SendToAsync(buffer.AsMemory(0, received.ReceivedBytes), received.RemoteEndPoint);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The socket was disposed of: the test is over.
        }
    }
}
