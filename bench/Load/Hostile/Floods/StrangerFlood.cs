using System.Net;
using System.Net.Sockets;

namespace Tunnel.Bench.Load.Hostile.Floods;

/// <summary>
/// Strangers at the port at which an edge awaits its hub: two thousand, of forty addresses, come at once, stay and say nothing; then others
/// come in the place of the oldest.
/// </summary>
internal sealed class StrangerFlood(FloodOrder order) : IFlood
{
    private const int AtOnce = 2_000;
    private const int OfOneAddress = 50;

    private readonly IPEndPoint _port = new(order.EdgeAddress, order.DialPort);
    private readonly Socket?[] _strangers = new Socket?[AtOnce];
    private int _next;

    public int Ends { get; private set; }

    public int Send(int count)
    {
        for (var done = _next == 0 ? count - AtOnce : 0; done < count; done++)
        {
            var index = _next++ % AtOnce;
            Leave(index);
            var stranger = _strangers[index] = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                stranger.Bind(new IPEndPoint(IPAddress.Parse($"127.10.{index / OfOneAddress}.1"), 0));
                stranger.Connect(_port);
            }
            catch (SocketException)
            {
                // The edge has refused or reset the connection, which is what the flood is about.
                Ends++;
            }
        }

        return count;
    }

    public void Rest()
    {
        for (var index = 0; index < AtOnce; index++)
            Leave(index);
        _next = 0;
    }

    public void Dispose() => Rest();

    private void Leave(int index)
    {
        _strangers[index]?.Dispose();
        _strangers[index] = null;
    }
}
