using System.Net;
using Tunnel.Shared.Protocol.Proxy;
using Tunnel.TestUtilities.Wire;

namespace Tunnel.Bench.Load.Hostile.Floods;

/// <summary>Frames of a hostile edge, over TLS.</summary>
/// <param name="order">Where, and as which edge.</param>
/// <param name="act">Adds the frames of one time.</param>
internal sealed class FrameFlood(FloodOrder order, Action<FrameFlood> act) : IFlood
{
    private readonly HostileEdge _edge = new(order);
    private uint _last;

    private FloodOrder Order => order;

    // Another client each time, so that no limit for one address is what is measured.
    private IPEndPoint Client => new(new IPAddress([203, 0, (byte)(_last >> 8), (byte)_last]), 5555);

    public int Ends => _edge.Ends;

    public int Send(int count)
    {
        for (var done = 0; done < count; done++) act(this);
        if (_edge.Send()) return count;
        _last = 0;
        return 0;
    }

    public void Dispose() => _edge.Dispose();

    public static void OpenAndClose(FrameFlood flood)
    {
        flood.Open(flood.Order.ClosingPort);
        flood._edge.Add(flood._last, FrameTypes.Close, []);
    }

    public static void OpenAndReset(FrameFlood flood)
    {
        flood.Open(flood.Order.ClosingPort);
        flood._edge.Add(flood._last, FrameTypes.Reset, [1]);
    }

    public static void OpenSession(FrameFlood flood)
    {
        Span<byte> payload = stackalloc byte[64];
        var port = flood.Order.UdpPort;
        var length = UdpOpenPayload.Write(payload, flood.Client, new IPEndPoint(IPAddress.Loopback, port), port);
        flood._edge.Add(++flood._last, FrameTypes.UdpOpen, payload[..length]);
    }

    private void Open(int port)
    {
        Span<byte> payload = stackalloc byte[OpenPayload.MaxLength];
        var length = OpenPayload.Write(payload, Client, new IPEndPoint(IPAddress.Loopback, port), port);
        _edge.Add(++_last, FrameTypes.Open, payload[..length]);
    }
}
