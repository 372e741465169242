using Tunnel.FuzzTests.Engine;
using Tunnel.Shared.Protocol;
using Tunnel.Shared.Protocol.Frames;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.TestUtilities.Mux;

namespace Tunnel.FuzzTests.Mux;

/// <summary>
/// Two ends of a tunnel in memory, and an input that is a script of what clients, upstreams, owners, the clock and the way between them do:
/// a byte for the deed, a byte for whom, a byte for how much. On an honest way all that is said has to be heard, and no end may find fault
/// with the other; on a hostile one bytes are changed and put in, and nothing may break or be held after the end.
/// </summary>
internal static class MuxTarget
{
    private const int DeedSize = 3;
    private const int MaxDeeds = 96;

    private static readonly byte[] Datagram = new byte[byte.MaxValue * byte.MaxValue];

    private enum Deed
    {
        OpenClient,
        ConnectUpstream,
        RefuseUpstream,
        ClientSays,
        UpstreamSays,
        ClientEnds,
        UpstreamEnds,
        ClientResets,
        UpstreamResets,
        ClientTakes,
        UpstreamTakes,
        EdgeAborts,
        HubAborts,
        OpenSession,
        EdgeSends,
        HubSends,
        EdgeClosesSession,
        HubClosesSession,
        CarryToHub,
        CarryToEdge,
        Settle,
        Wait,
        EdgeGoesAway,
        HubGoesAway,
        Configure,
        Report,

        // This may happen on a hostile path only.
        ChangeByte,
        ForgeFrame,
        LoseBytes,
    }

    public static IReadOnlyList<byte[]> Seeds { get; } =
    [
        Script(
            Deed.OpenClient, Deed.Settle, Deed.ConnectUpstream, Deed.ClientSays, Deed.UpstreamTakes, Deed.Settle, Deed.UpstreamSays,
            Deed.ClientTakes, Deed.Settle, Deed.ClientEnds, Deed.UpstreamEnds, Deed.Settle),
        Script(
            Deed.OpenClient, Deed.OpenClient, Deed.CarryToHub, Deed.ConnectUpstream, Deed.RefuseUpstream, Deed.ClientSays, Deed.CarryToHub,
            Deed.Wait, Deed.UpstreamTakes, Deed.ClientResets, Deed.Settle, Deed.HubAborts),
        Script(
            Deed.OpenSession, Deed.EdgeSends, Deed.CarryToHub, Deed.HubSends, Deed.CarryToEdge, Deed.OpenClient, Deed.EdgeClosesSession,
            Deed.HubClosesSession, Deed.Report, Deed.Configure, Deed.Settle, Deed.HubGoesAway, Deed.Settle, Deed.OpenClient),
        Script(
            Deed.OpenClient, Deed.Settle, Deed.ConnectUpstream, Deed.UpstreamSays, Deed.UpstreamSays, Deed.UpstreamEnds, Deed.Settle,
            Deed.EdgeAborts, Deed.Settle, Deed.UpstreamResets, Deed.EdgeGoesAway, Deed.Wait, Deed.ClientTakes, Deed.Settle),
        Script(
            Deed.OpenClient, Deed.ChangeByte, Deed.Settle, Deed.ConnectUpstream, Deed.ClientSays, Deed.ForgeFrame, Deed.Settle,
            Deed.LoseBytes, Deed.Wait),
    ];

    public static IReadOnlyList<byte[]> Tokens { get; } = [
        .. Enum.GetValues<Deed>().SelectMany(static deed => new byte[][] { [(byte)deed, 0, 255], [(byte)deed, 1, 40], [(byte)deed, 2, 3] }),
    ];

    public static FuzzAction Honest() => Target(hostile: false);

    public static FuzzAction Hostile() => Target(hostile: true);

    private static FuzzAction Target(bool hostile)
    {
        var world = new MuxWorld();
        return input =>
        {
            if (input.IsEmpty)
                return false;
            world.Start(extended: input[0] % 4 != 0, checks: !hostile);
            var deeds = hostile ? (int)Deed.LoseBytes + 1 : (int)Deed.ChangeByte;
            var script = input[1..];
            for (var i = 0; i < MaxDeeds && script.Length >= DeedSize; i++, script = script[DeedSize..])
            {
                Do(world, (Deed)(script[0] % deeds), script[1], script[2]);
                world.WaitForTurns();
            }

            world.Finish(mustComplete: !hostile);
            return true;
        };
    }

    private static void Do(MuxWorld world, Deed deed, byte whom, byte amount)
    {
        // The most bytes of an act are a window's size.
        var bytes = amount * amount;
        switch (deed)
        {
            case Deed.OpenClient:
                world.OpenClient();
                break;
            case Deed.ConnectUpstream:
                world.AnswerOpen(refuse: false);
                break;
            case Deed.RefuseUpstream:
                world.AnswerOpen(refuse: true);
                break;
            case Deed.ClientSays:
                Of(world.Clients, whom)?.End.Say(bytes);
                break;
            case Deed.UpstreamSays:
                Of(world.Upstreams, whom)?.End.Say(bytes);
                break;
            case Deed.ClientEnds:
                Of(world.Clients, whom)?.End.SayEnd();
                break;
            case Deed.UpstreamEnds:
                Of(world.Upstreams, whom)?.End.SayEnd();
                break;
            case Deed.ClientResets:
                Of(world.Clients, whom)?.End.ResetByPeer();
                break;
            case Deed.UpstreamResets:
                Of(world.Upstreams, whom)?.End.ResetByPeer();
                break;
            case Deed.ClientTakes:
                Of(world.Clients, whom)?.End.GiveRoom(bytes);
                break;
            case Deed.UpstreamTakes:
                Of(world.Upstreams, whom)?.End.GiveRoom(bytes);
                break;
            case Deed.EdgeAborts:
                Of(world.Clients, whom)?.Stream.Reset((ResetReason)(amount % 10));
                break;
            case Deed.HubAborts:
                Of(world.Upstreams, whom)?.Stream.Reset((ResetReason)(amount % 10));
                break;
            case Deed.OpenSession:
                world.OpenSession();
                break;
            case Deed.EdgeSends:
                Of(world.EdgeSessions, whom)?.Send(Datagram.AsSpan(0, bytes));
                break;
            case Deed.HubSends:
                Of(world.HubSessions, whom)?.Send(Datagram.AsSpan(0, bytes));
                break;
            case Deed.EdgeClosesSession:
                Of(world.EdgeSessions, whom)?.Close();
                break;
            case Deed.HubClosesSession:
                Of(world.HubSessions, whom)?.Close();
                break;
            case Deed.CarryToHub:
                world.CarryToHub(1 + bytes);
                break;
            case Deed.CarryToEdge:
                world.CarryToEdge(1 + bytes);
                break;
            case Deed.Settle:
                world.Settle();
                break;
            case Deed.Wait:
                world.Advance(TimeSpan.FromMilliseconds(amount * 8));
                break;
            case Deed.EdgeGoesAway:
                world.Edge.SendGoAway(GoAway.Shutdown);
                break;
            case Deed.HubGoesAway:
                world.Hub.SendGoAway(GoAway.Shutdown);
                break;
            case Deed.Configure:
                world.Hub.SendConfig(new TunnelConfig { ListenPorts = [443] });
                break;
            case Deed.Report:
                world.Edge.SendReport(new Report { Kind = Report.PublicAddress });
                break;
            case Deed.ChangeByte:
                var sent = world.OnTheWay(toHub: whom % 2 == 0).Sent;
                if (sent.Length > 0)
                    sent[whom % sent.Length] ^= (byte)(1 << (amount % 8));
                break;
            case Deed.ForgeFrame:
                Span<byte> frame = stackalloc byte[FrameHeader.Size + 4];
                new FrameHeader((uint)(whom / 32), (FrameType)(amount % 36), (uint)(whom % 5)).Write(frame);
                frame[FrameHeader.Size..].Fill(amount);
                world.OnTheWay(toHub: whom % 2 == 0).Append(frame[..(FrameHeader.Size + (whom % 5))]);
                break;
            case Deed.LoseBytes:
                var way = world.OnTheWay(toHub: whom % 2 == 0);
                way.Take(Math.Min(amount, way.Sent.Length));
                break;
        }
    }

    private static (Tunnel.Shared.Transport.ITunnelStream Stream, ScriptedEndpoint End)? Of(
        List<(Tunnel.Shared.Transport.ITunnelStream, ScriptedEndpoint)> flows, byte whom) =>
        flows.Count == 0 ? null : flows[whom % flows.Count];

    private static Tunnel.Shared.Transport.ITunnelSession? Of(List<Tunnel.Shared.Transport.ITunnelSession> flows, byte whom) =>
        flows.Count == 0 ? null : flows[whom % flows.Count];

    private static byte[] Script(params Deed[] deeds) =>
        [1, .. deeds.SelectMany((deed, index) => new byte[] { (byte)deed, 0, (byte)(40 + (index * 20)) })];
}
