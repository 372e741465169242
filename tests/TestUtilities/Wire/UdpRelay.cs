using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Tunnel.TestUtilities.Wire;

/// <summary>
/// A NAT in front of a server: passes on the datagrams of each client from an address of the client's own there, which can change or be
/// forgotten, or swallows everything.
/// </summary>
public sealed class UdpRelay : IDisposable
{
    private readonly Socket _inside = Bind();
    private readonly IPEndPoint _server;
    private readonly ConcurrentDictionary<SocketAddress, Flow> _flows = new();
    private readonly CancellationTokenSource _over = new();
    private volatile Flow? _last;
    private volatile bool _isSilent;
    private int _swallowed;

    public UdpRelay(IPEndPoint server)
    {
        _server = server;
        _ = RunAsync();
    }

    /// <summary>The address that clients dial.</summary>
    public IPEndPoint EndPoint => (IPEndPoint)_inside.LocalEndPoint!;

    /// <summary>The address that the server sees of the client that came last.</summary>
    public IPEndPoint Outside => (IPEndPoint)_last!.Outside.LocalEndPoint!;

    /// <summary>Whether everything is swallowed, both ways.</summary>
    public bool IsSilent
    {
        get => _isSilent;
        set => _isSilent = value;
    }

    /// <summary>How many more of the clients' datagrams pass before the rest is swallowed; null: all.</summary>
    public int? Passing { get; set; }

    /// <summary>How many were swallowed because of <see cref="Passing"/>.</summary>
    public int Swallowed => Volatile.Read(ref _swallowed);

    /// <summary>Sends the clients' datagrams from other ports from now on.</summary>
    public void Rebind()
    {
        foreach (var flow in _flows.Values)
        {
            var old = flow.Outside;
            flow.Outside = Bind();
            _ = AnswerAsync(flow, flow.Outside);
            old.Dispose();
        }
    }

    /// <summary>
    /// Swallows for good what present clients and the server send to each other; a client that comes from another port is a new one.
    /// </summary>
    public void Forget()
    {
        foreach (var flow in _flows.Values)
        {
            flow.IsForgotten = true;
        }
    }

    public void Dispose()
    {
        _over.Cancel();
        _inside.Dispose();
        foreach (var flow in _flows.Values)
        {
            flow.Outside.Dispose();
        }

        _over.Dispose();
    }

    private static Socket Bind()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveBufferSize = 4 << 20 };
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return socket;
    }

    private bool Pass()
    {
        if (Passing is not { } left)
        {
            return true;
        }

        if (left == 0)
        {
            Interlocked.Increment(ref _swallowed);
            return false;
        }

        Passing = left - 1;
        return true;
    }

    private Flow FlowOf(SocketAddress client)
    {
        if (_flows.TryGetValue(client, out var flow))
        {
            return flow;
        }

        // The caller's address is overwritten by the next datagram.
        var known = new SocketAddress(client.Family, client.Size);
        client.Buffer.Span[..client.Size].CopyTo(known.Buffer.Span);
        flow = new Flow(known, Bind());
        _flows[known] = _last = flow;
        _ = AnswerAsync(flow, flow.Outside);
        return flow;
    }

    private async Task RunAsync()
    {
        var buffer = new byte[64 << 10];
        var client = new SocketAddress(AddressFamily.InterNetwork);
        var server = _server.Serialize();
        try
        {
            while (true)
            {
                var count = await _inside.ReceiveFromAsync(buffer, SocketFlags.None, client, CancellationToken.None);
                var flow = FlowOf(client);
                if (_isSilent || flow.IsForgotten || !Pass())
                {
                    continue;
                }

                try
                {
                    await flow.Outside.SendToAsync(buffer.AsMemory(0, count), SocketFlags.None, server, CancellationToken.None);
                }
                catch (Exception e) when (e is ObjectDisposedException or SocketException && !_over.IsCancellationRequested)
                {
                    // The socket was bound anew just now, so the datagram is lost, as on any network.
                }
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task AnswerAsync(Flow flow, Socket outside)
    {
        var buffer = new byte[64 << 10];
        var from = new SocketAddress(AddressFamily.InterNetwork);
        try
        {
            while (true)
            {
                var count = await outside.ReceiveFromAsync(buffer, SocketFlags.None, from, CancellationToken.None);
                if (!_isSilent && !flow.IsForgotten)
                {
                    await _inside.SendToAsync(buffer.AsMemory(0, count), SocketFlags.None, flow.Client, CancellationToken.None);
                }
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The client has another port now, or the test is over.
        }
    }

    private sealed class Flow(SocketAddress client, Socket outside)
    {
        private volatile Socket _outside = outside;
        private volatile bool _isForgotten;

        public SocketAddress Client => client;

        public Socket Outside
        {
            get => _outside;
            set => _outside = value;
        }

        public bool IsForgotten
        {
            get => _isForgotten;
            set => _isForgotten = value;
        }
    }
}
