using Tunnel.TestUtilities.OpenSsl;

namespace Tunnel.Bench.Load.Hostile.Floods;

/// <summary>Sends TLS records, as a hostile edge, that carry nothing but a change of its key.</summary>
internal sealed class KeyUpdateFlood : IFlood
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly FloodOrder _order;
    private OpenSslPeer _peer;

    public KeyUpdateFlood(FloodOrder order)
    {
        _order = order;
        _peer = Connect();
    }

    public int Ends { get; private set; }

    public int Send(int count)
    {
        if (_peer.UpdateKeys(count))
            return count;
        Ends++;
        _peer.Dispose();
        _peer = Connect();
        return 0;
    }

    public void Dispose() => _peer.Dispose();

    private OpenSslPeer Connect()
    {
        for (var attempt = 0; ; attempt++)
        {
            Thread.Sleep(Pause);
            try
            {
                var peer = OpenSslPeer.Connect(_order.HubEndPoint);
                peer.Send($"EDGE {_order.EdgeId} {_order.Secret}\n");
                if (!peer.ReadLine().Contains("\"error\"", StringComparison.Ordinal))
                {
                    peer.Send(HostileEdge.Hello());
                    return peer;
                }

                peer.Dispose();
            }
            catch (IOException) when (attempt < 100)
            {
                // The hub is busy, or has not forgotten the last tunnel yet.
            }
        }
    }
}
