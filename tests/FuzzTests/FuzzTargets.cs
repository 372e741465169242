using Tunnel.FuzzTests.Engine;
using Tunnel.FuzzTests.Mux;
using Tunnel.FuzzTests.Targets;

namespace Tunnel.FuzzTests;

/// <summary>All that is fuzzed, the cheapest first. Another parser is another row here.</summary>
internal static class FuzzTargets
{
    // JSON is kept as a tree, with paths and messages for each fault, which costs some hundred bytes for a few of input.
    private const int TreePerByte = 1_024;

    // "1-16384" names so many ports, for which an edge needs fifty bytes, and a state is read three times.
    private const int PortsPerByte = 256 << 10;

    // The same number in a list by itself makes each an entry of a sorted set.
    private const int PortListBase = 2 << 20;

    // "1-65535" names all ports of the edge's own lists.
    private const int AllPortsBase = 32 << 20;

    // There are two tunnels, and the first buffer of a CONFIG that is announced to be long; a pool may have to grow for each.
    private const int FramesBase = 1 << 20;

    // An act of three bytes moves 64 KiB, which the way between both ends holds.
    private const int MuxPerByte = 128 << 10;

    public static IReadOnlyList<FuzzTarget> All { get; } =
    [
        new("stun", () => StunTarget.Run, StunTarget.Seeds) { Tokens = StunTarget.Tokens, MaxLength = 160 },
        new("records", () => RecordTarget.Run, RecordTarget.Seeds) { Tokens = RecordTarget.Tokens },
        new("client-hello", () => ClientHelloTarget.Run, ClientHelloTarget.Seeds) { Tokens = ClientHelloTarget.Tokens, MaxLength = 4096 },
        new("udp-open", () => ProxyTargets.RunUdpOpen, ProxyTargets.UdpOpenSeeds) { Tokens = ProxyTargets.V2Tokens },
        new(
            "edge-line", () => HandshakeTargets.RunEdgeLine,
            HandshakeTargets.EdgeSeeds) { Tokens = Words.Of("EDGE ", " ", "\r", "\0", "é"), MaxLength = 400 },
        new(
            "proxy-inbound", () => ProxyTargets.RunInbound,
            [.. ProxyTargets.V1Seeds, .. ProxyTargets.V2Seeds.Where(static seed => seed[13] is not 0x12 and not 0x22)])
        {
            Tokens = [.. ProxyTargets.V1Tokens, .. ProxyTargets.V2Tokens],
        },
        new("open", () => ProxyTargets.RunOpen, ProxyTargets.OpenSeeds) { Tokens = ProxyTargets.V1Tokens, MaxLength = 160 },
        new(
            "move", () => ProxyTargets.RunMove,
            ProxyTargets.MoveSeeds) { Tokens = Words.Of("MOVE ", " 0", "00", "9223372036854775808"), MaxLength = 160 },
        new("proxy-v1", () => ProxyTargets.RunV1, ProxyTargets.V1Seeds) { Tokens = ProxyTargets.V1Tokens, MaxLength = 160 },
        new("proxy-v2", () => ProxyTargets.RunV2, ProxyTargets.V2Seeds) { Tokens = ProxyTargets.V2Tokens },
        new("line-reader", HandshakeTargets.LineReader, Words.Of("\u0010\u0003EDGE edge-1 secret\nrest", "\u0001\u0001a\n"))
        {
            Tokens = Words.Of("\n", "\n\n"),
            AllocationPerByte = 128,
        },
        new("address", () => AddressTargets.RunAddress, AddressTargets.AddressSeeds) { Tokens = AddressTargets.Tokens, MaxLength = 64 },
        new("host", () => AddressTargets.RunHost, AddressTargets.HostSeeds) { Tokens = AddressTargets.Tokens, MaxLength = 300 },
        new(
            "ports", () => AddressTargets.RunPorts,
            AddressTargets.PortSeeds) { Tokens = AddressTargets.Tokens, MaxLength = 128, AllocationBase = PortListBase },
        new(
            "http-connect", () => OutwardProxyTargets.RunHttp,
            OutwardProxyTargets.HttpSeeds) { Tokens = Words.Of("\r\n", "HTTP/1.", " ", "200", "407"), MaxLength = 300 },
        new("socks5", () => OutwardProxyTargets.RunSocks, OutwardProxyTargets.SocksSeeds) { MaxLength = 300 },
        new("proxy-url", () => OutwardProxyTargets.RunUrl, OutwardProxyTargets.UrlSeeds)
        {
            Tokens = [.. AddressTargets.Tokens, .. Words.Of("://", "@", "%40", "socks5", "http", "*", ",")],
            MaxLength = 300,
        },
        new(
            "log-text", () => TextTargets.RunLogText,
            TextTargets.LogSeeds) { Tokens = AddressTargets.Tokens, MaxLength = 256, AllocationPerByte = 512 },
        new("goaway", MessageTargets.GoAway, MessageTargets.GoAwaySeeds) { Tokens = Words.JsonAnd(MessageTargets.GoAwaySeeds) },
        new("token", () => TokenTarget.Run, TokenTarget.Seeds) { Tokens = TokenTarget.Tokens },
        new(
            "config", MessageTargets.Config,
            MessageTargets.ConfigSeeds) { Tokens = Words.JsonAnd(MessageTargets.ConfigSeeds), MaxLength = 1024, AllocationPerByte = 512 },
        new(
            "hub-line", () => HandshakeTargets.RunHubLine,
            HandshakeTargets.HubSeeds) { Tokens = Words.JsonAnd(HandshakeTargets.HubSeeds), MaxLength = 1024, AllocationPerByte = 512 },
        new(
            "problem", () => TextTargets.RunProblem,
            TextTargets.ProblemSeeds) { Tokens = Words.JsonAnd(TextTargets.ProblemSeeds), AllocationPerByte = TreePerByte },
        new("resume", () => MessageTargets.RunResume, MessageTargets.ResumeSeeds) { MaxLength = 128, AllocationPerByte = 256 },
        new("report-packed", MessageTargets.PackedReport, MessageTargets.PackedReportSeeds) { AllocationPerByte = 256 },
        new(
            "report", MessageTargets.Report,
            MessageTargets.ReportSeeds) { Tokens = Words.JsonAnd(MessageTargets.ReportSeeds), AllocationPerByte = 256 },
        new(
            "nft", () => TextTargets.RunNft,
            TextTargets.NftSeeds) { Tokens = Words.JsonAnd(TextTargets.NftSeeds, "owner_", "owner_9"), AllocationPerByte = TreePerByte },
        new("hello", MessageTargets.Hello, MessageTargets.HelloSeeds) { Tokens = Words.JsonAnd(MessageTargets.HelloSeeds) },
        new(
            "edges", () => EdgeTargets.RunEdges,
            EdgeTargets.EdgeSeeds) { Tokens = Words.JsonAnd(EdgeTargets.EdgeSeeds), MaxLength = 1024, AllocationPerByte = PortsPerByte },
        new(
            "frames", FrameTarget.Start,
            FrameTarget.Seeds) { Tokens = FrameTarget.Tokens, MaxLength = 1024, AllocationPerByte = 2_048, AllocationBase = FramesBase },
        new(
            "quic-control", ControlTarget.Start,
            ControlTarget.Seeds) { Tokens = ControlTarget.Tokens, MaxLength = 1024, AllocationPerByte = 2_048 },
        new(
            "blocks", FileTargets.Blocks,
            FileTargets.BlockSeeds) { Tokens = Words.JsonAnd(FileTargets.BlockSeeds), AllocationPerByte = TreePerByte },
        new(
            "firewall", EdgeTargets.Firewall,
            EdgeTargets.FirewallSeeds) { Tokens = Words.JsonAnd(EdgeTargets.FirewallSeeds), AllocationPerByte = TreePerByte },
        new(
            "state", FileTargets.State,
            FileTargets.StateSeeds) { Tokens = Words.JsonAnd(FileTargets.StateSeeds), MaxLength = 1024, AllocationPerByte = PortsPerByte },
        new(
            "mux-hostile", MuxTarget.Hostile,
            MuxTarget.Seeds) { Tokens = MuxTarget.Tokens, MaxLength = 256, AllocationPerByte = MuxPerByte, AllocationBase = 1 << 20 },
        new(
            "mux-honest", MuxTarget.Honest,
            MuxTarget.Seeds) { Tokens = MuxTarget.Tokens, MaxLength = 256, AllocationPerByte = MuxPerByte, AllocationBase = 1 << 20 },
        new(
            "pins", FileTargets.Pins,
            FileTargets.PinSeeds) { Tokens = Words.JsonAnd(FileTargets.PinSeeds), AllocationPerByte = TreePerByte },
        new(
            "renewals", FileTargets.Renewals,
            FileTargets.RenewalSeeds) { Tokens = Words.JsonAnd(FileTargets.RenewalSeeds), AllocationPerByte = TreePerByte },
        new("proxy-reader", InboundReaderTarget.Start, InboundReaderTarget.Seeds)
        {
            Tokens = [.. ProxyTargets.V1Tokens, .. ProxyTargets.V2Tokens],
        },
        new(
            "hub-config", FileTargets.HubConfiguration,
            FileTargets.HubSeeds) { Tokens = Words.JsonAnd(FileTargets.HubSeeds), MaxLength = 1024, AllocationPerByte = PortsPerByte },
        new(
            "edge-config", FileTargets.EdgeConfiguration,
            FileTargets.EdgeSeeds) { Tokens = Words.JsonAnd(FileTargets.EdgeSeeds), MaxLength = 1024, AllocationPerByte = TreePerByte,
            AllocationBase = AllPortsBase },
    ];
}
