using System.Net;
using System.Net.Sockets;

namespace Tunnel.Bench.Load.Hostile.Floods;

/// <summary>Clients of an honest edge that connect and reset at once.</summary>
internal sealed class ConnectFlood(FloodOrder order) : IFlood
{
    private static readonly LingerOption Abort = new(true, 0);

    private readonly IPEndPoint _port = new(order.EdgeAddress, order.ClosingPort);

    public int Ends { get; private set; }

    public int Send(int count)
    {
        for (var done = 0; done < count; done++)
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                socket.Connect(_port);
                socket.LingerState = Abort;
            }
            catch (SocketException)
            {
                // The edge has refused or reset the connection, which is what the flood is about.
                Ends++;
            }
        }

        return count;
    }

    public void Dispose()
    {
    }
}
