using System.Net;
using System.Net.Sockets;

namespace Tunnel.FunctionalTests.Harness;

/// <summary>
/// The path between an edge and its hub, as a relay of TCP connections that a test cuts in the middle of whatever is under way.
/// </summary>
public sealed class CuttableLink : IDisposable
{
    private readonly IPEndPoint _hub;
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly Lock _lock = new();
    private readonly HashSet<Socket> _open = [];
    private readonly CancellationTokenSource _stop = new();
    private bool _isDown;
    private long _carried;

    public CuttableLink(IPEndPoint hub)
    {
        _hub = hub;
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen(64);
        _ = AcceptAsync();
    }

    /// <summary>The address at which the edge finds the hub.</summary>
    public IPEndPoint EndPoint => (IPEndPoint)_listener.LocalEndPoint!;

    /// <summary>Bytes that were carried, in both directions.</summary>
    public long Carried => Volatile.Read(ref _carried);

    /// <summary>Breaks all connections with RST; what is under way is lost. New ones are taken.</summary>
    public void Cut()
    {
        lock (_lock)
        {
            foreach (var socket in _open)
                Abort(socket);
            _open.Clear();
        }
    }

    /// <summary>Breaks all connections, and new ones as soon as they come, until <see cref="Restore"/>.</summary>
    public void Down()
    {
        lock (_lock)
            _isDown = true;
        Cut();
    }

    public void Restore()
    {
        lock (_lock)
            _isDown = false;
    }

    public void Dispose()
    {
        _stop.Cancel();
        Down();
        _listener.Dispose();
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _ = ServeAsync(await _listener.AcceptAsync(_stop.Token));
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException or SocketException)
        {
            // The test is over.
        }
    }

    private async Task ServeAsync(Socket edge)
    {
        var hub = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await hub.ConnectAsync(_hub);
            lock (_lock)
            {
                if (_isDown)
                    throw new SocketException((int)SocketError.ConnectionReset);
                _open.Add(edge);
                _open.Add(hub);
            }

            edge.NoDelay = hub.NoDelay = true;
            await Task.WhenAll(CarryAsync(edge, hub), CarryAsync(hub, edge));
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The connection was cut, or one of the two ends has broken it.
        }
        finally
        {
            lock (_lock)
            {
                _open.Remove(edge);
                _open.Remove(hub);
            }

            Abort(edge);
            Abort(hub);
        }
    }

    private async Task CarryAsync(Socket from, Socket to)
    {
        var buffer = new byte[16 << 10];
        while (await from.ReceiveAsync(buffer) is > 0 and var count)
        {
            for (var sent = 0; sent < count;)
                sent += await to.SendAsync(buffer.AsMemory(sent, count - sent));
            Interlocked.Add(ref _carried, count);
        }

        to.Shutdown(SocketShutdown.Send);
    }

    private static void Abort(Socket socket)
    {
        try
        {
            socket.LingerState = new LingerOption(true, 0);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The connection is broken already.
        }

        socket.Dispose();
    }
}
