using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;
using Tunnel.Shared.Protocol.Frames;
using Tunnel.TestUtilities.Wire;

namespace Tunnel.Bench.Load.Hostile.Floods;

/// <summary>
/// A tunnel over TLS, with a valid secret, that says what a flood wants. What the hub sends is read and thrown away, and each PING is
/// answered. When the hub ends the tunnel, another one is made at once.
/// </summary>
internal sealed class HostileEdge : IDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly FloodOrder _order;
    private readonly bool _reads;
    private readonly byte[] _frames = new byte[64 << 10];
    private TunnelPeer _peer;
    private int _used;

    /// <summary>Connects.</summary>
    /// <param name="order">The hub, and the edge that is played.</param>
    /// <param name="reads">False to leave unread what the hub sends.</param>
    public HostileEdge(FloodOrder order, bool reads = true)
    {
        (_order, _reads) = (order, reads);
        _peer = Connect();
    }

    /// <summary>How often the hub has ended the tunnel.</summary>
    public int Ends { get; private set; }

    /// <summary>The frame that the hub waits for first.</summary>
    public static byte[] Hello()
    {
        var text =
            $$"""{"features":["reset","goaway","port"],"maxFrame":65536,"initialWindow":65536,"instance":"{{Guid.NewGuid():N}}","generation":1}""";
        var frame = new byte[FrameHeader.Size + text.Length];
        new FrameHeader(0, FrameType.Hello, (uint)text.Length).Write(frame);
        Encoding.ASCII.GetBytes(text, frame.AsSpan(FrameHeader.Size));
        return frame;
    }

    /// <summary>Appends a frame to those that wait to be sent.</summary>
    public void Add(uint stream, byte type, ReadOnlySpan<byte> payload)
    {
        new FrameHeader(stream, (FrameType)type, (uint)payload.Length).Write(_frames.AsSpan(_used));
        payload.CopyTo(_frames.AsSpan(_used + FrameHeader.Size));
        _used += FrameHeader.Size + payload.Length;
    }

    /// <summary>Sends what waits, and blocks until all of it is gone.</summary>
    /// <returns>False when the hub has ended the tunnel; there is another one then, whose ids begin at 1.</returns>
    public bool Send()
    {
        var count = _used;
        _used = 0;
        try
        {
            lock (_peer)
                _peer.Stream.Write(_frames, 0, count);
            return true;
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or InvalidOperationException)
        {
            Ends++;
            _peer.Dispose();
            Thread.Sleep(Pause);
            _peer = Connect();
            return false;
        }
    }

    public void Dispose() => _peer.Dispose();

    private TunnelPeer Connect()
    {
        for (var attempt = 0; ; attempt++)
        {
            TunnelPeer? peer = null;
            try
            {
                peer = TunnelPeer.ConnectAsync(_order.HubEndPoint).GetAwaiter().GetResult();
                peer.SendAsync($"EDGE {_order.EdgeId} {_order.Secret}\n").GetAwaiter().GetResult();
                var answer = peer.ReadLineAsync().GetAwaiter().GetResult();
                if (answer.StartsWith("{\"error\"", StringComparison.Ordinal))
                    throw new IOException(answer);
                peer.SendAsync(Hello()).GetAwaiter().GetResult();
                if (_reads)
                    new Thread(() => ReadAll(peer)) { IsBackground = true }.Start();
                return peer;
            }
            catch (Exception e) when (attempt < 100 && e is (IOException or SocketException or AuthenticationException or TimeoutException))
            {
                // The hub is busy, or has not forgotten the last tunnel yet.
                peer?.Dispose();
                Thread.Sleep(Pause);
            }
        }
    }

    private static void ReadAll(TunnelPeer peer)
    {
        try
        {
            var (header, payload) = (new byte[FrameHeader.Size], new byte[1 << 20]);
            var stream = new BufferedStream(peer.Stream, 64 << 10);
            while (true)
            {
                stream.ReadExactly(header);
                var frame = FrameHeader.Read(header);
                stream.ReadExactly(payload, 0, (int)frame.Length);
                if ((byte)frame.Type != FrameTypes.Ping)
                    continue;
                var pong = new byte[FrameHeader.Size + frame.Length];
                new FrameHeader(0, FrameType.Pong, frame.Length).Write(pong);
                payload.AsSpan(0, (int)frame.Length).CopyTo(pong.AsSpan(FrameHeader.Size));
                lock (peer)
                    peer.Stream.Write(pong);
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // The tunnel has ended, as the next write will say.
        }
    }
}
