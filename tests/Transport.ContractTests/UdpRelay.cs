using System.Net;
using System.Net.Sockets;

namespace Tunnel.Transport.ContractTests;

/// <summary>
/// A NAT in front of a hub: passes on the datagrams of one client, from an address of its own that can change, or swallows them.
/// </summary>
internal sealed class UdpRelay : IDisposable
{
    private readonly Socket _inside = Bind();
    private readonly IPEndPoint _hub;
    private readonly CancellationTokenSource _over = new();
    private volatile Socket _outside = Bind();
    private volatile EndPoint? _client;

    public UdpRelay(IPEndPoint hub)
    {
        _hub = hub;
        _ = RunAsync();
        _ = AnswerAsync(_outside);
    }

    /// <summary>The address that the client dials.</summary>
    public IPEndPoint Address => (IPEndPoint)_inside.LocalEndPoint!;

    /// <summary>The address that the hub sees.</summary>
    public IPEndPoint Outside => (IPEndPoint)_outside.LocalEndPoint!;

    /// <summary>Sends the client's packets from another port from now on.</summary>
    public void Rebind()
    {
        var old = _outside;
        var next = Bind();
        _outside = next;
        _ = AnswerAsync(next);
        old.Dispose();
    }

    public void Dispose()
    {
        _over.Cancel();
        _inside.Dispose();
        _outside.Dispose();
        _over.Dispose();
    }

    private static Socket Bind()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveBufferSize = 4 << 20 };
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return socket;
    }

    private async Task RunAsync()
    {
        var buffer = new byte[64 << 10];
        try
        {
            while (true)
            {
                var received = await _inside.ReceiveFromAsync(buffer, SocketFlags.None, _hub);
                _client = received.RemoteEndPoint;
                try
                {
                    await _outside.SendToAsync(buffer.AsMemory(0, received.ReceivedBytes), _hub);
                }
                catch (ObjectDisposedException) when (!_over.IsCancellationRequested)
                {
                    // The socket was bound anew just now, so the datagram is lost, as on any network.
                }
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
        }
    }

    private async Task AnswerAsync(Socket outside)
    {
        var buffer = new byte[64 << 10];
        try
        {
            while (true)
            {
                var received = await outside.ReceiveFromAsync(buffer, SocketFlags.None, _hub);
                if (_client is { } client)
                    await _inside.SendToAsync(buffer.AsMemory(0, received.ReceivedBytes), client);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
        }
    }
}
