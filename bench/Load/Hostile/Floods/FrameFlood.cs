using System.Net;
using Tunnel.Shared.Protocol.Proxy;
using Tunnel.TestUtilities.Wire;

namespace Tunnel.Bench.Load.Hostile.Floods;

/// <summary>Sends frames as a hostile edge, over TLS.</summary>
/// <param name="order">The hub, and the edge that is played.</param>
/// <param name="act">Adds the frames of one act.</param>
/// <param name="reads">False to leave unread what the hub answers.</param>
internal sealed class FrameFlood(FloodOrder order, Action<FrameFlood> act, bool reads = true) : IFlood
{
    private const int UnassignedPort = 1;

    private readonly HostileEdge _edge = new(order, reads);
    private uint _last;

    public int Ends => _edge.Ends;

    private FloodOrder Order => order;

    // The client is another one each time, so that no limit for one address is what is measured.
    private IPEndPoint Client => new(new IPAddress([203, 0, (byte)(_last >> 8), (byte)_last]), 5555);

    public int Send(int count)
    {
        for (var done = 0; done < count; done++)
            act(this);
        if (_edge.Send())
            return count;
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

    /// <summary>Opens a stream that the hub has to refuse.</summary>
    public static void OpenUnassigned(FrameFlood flood) => flood.Open(UnassignedPort);

    public static void OpenSession(FrameFlood flood)
    {
        Span<byte> payload = stackalloc byte[64];
        var port = flood.Order.UdpPort;
        var length = UdpOpenPayload.Write(payload, flood.Client, new IPEndPoint(IPAddress.Loopback, port), port);
        flood._edge.Add(++flood._last, FrameTypes.UdpOpen, payload[..length]);
    }

    public static void EmptyData(FrameFlood flood) => flood._edge.Add(flood.OneStream(), FrameTypes.Data, []);

    public static void OneByteOfCredit(FrameFlood flood) => flood._edge.Add(flood.OneStream(), FrameTypes.WindowUpdate, [0, 0, 0, 1]);

    public static void Pong(FrameFlood flood) => flood._edge.Add(0, FrameTypes.Pong, [1, 2, 3, 4, 5, 6, 7, 8]);

    public static void Report(FrameFlood flood) =>
        flood._edge.Add(0, FrameTypes.Report, """{"kind":"configApplied","rev":1,"failed":[{"port":443,"proto":"tcp","error":"no"}]}"""u8);

    private uint OneStream()
    {
        if (_last == 0)
            Open(order.OpenPort);
        return _last;
    }

    private void Open(int port)
    {
        Span<byte> payload = stackalloc byte[OpenPayload.MaxLength];
        var length = OpenPayload.Write(payload, Client, new IPEndPoint(IPAddress.Loopback, port), port);
        _edge.Add(++_last, FrameTypes.Open, payload[..length]);
    }
}
