using System.Diagnostics.CodeAnalysis;
using Tunnel.FuzzTests.Engine;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.TestUtilities;

namespace Tunnel.FuzzTests.Targets;

/// <summary>The JSON that hub and edge say to each other in the tunnel.</summary>
internal static class MessageTargets
{
    public static IReadOnlyList<byte[]> HelloSeeds { get; } = Words.Of(
        """{"version":"0.1.0","features":["reset","goaway","port","lanes"],"maxFrame":65536,"initialWindow":65536,"instance":"00112233445566778899aabbccddeeff","generation":1}""",
        """{"version":"1","features":[],"instance":"a","supersedes":"b","host":"h","os":"Debian","publicIp":"192.0.2.1","publicIpv6":"2001:db8::1","takeOver":true,"quicOnly":true,"lane":{"tunnelId":"t","index":1}}""",
        "{}");

    public static IReadOnlyList<byte[]> ReportSeeds { get; } = Words.Of(
        """{"kind":"configApplied","rev":7,"bound":[{"port":443,"proto":"tcp"},{"port":53,"proto":"udp"}],"failed":[{"port":80,"proto":"tcp","error":"address in use"}]}""",
        """{"kind":"publicIp","rev":0,"publicIp":"192.0.2.1","publicIpv6":"2001:db8::1"}""",
        """{"kind":"firewall","rev":7,"firewall":{"state":"refused","mode":"full","errors":["rules[0].id: \"\": must be"]}}""",
        """{"kind":"kept","rev":9,"kept":{"secret":true,"address":"hub.example.com:8443","error":"no room"}}""",
        """{"kind":"blocked","blocked":{"counts":[{"port":443,"proto":"tcp","reason":"denied","count":5}],"sources":[{"port":443,"proto":"tcp","reason":"denied","source":"192.0.2.7","count":5}],"dropped":2}}""");

    public static IReadOnlyList<byte[]> PackedReportSeeds { get; } =
    [
        [
            0x94, 0xA7, .. "blocked"u8, 0x91, 0x94, 0xCD, 1, 0xBB, 6, 0xA6, .. "denied"u8, 5, 0x91, 0x95, 53, 17, 0xA4, .. "rate"u8, 1,
            0xC4, 4, 192, 0, 2, 7, 2],
        [0x95, 0xA7, .. "blocked"u8, 0x90, 0x90, 0, 0x81, 0xA1, (byte)'a', 0x91, 0x91, 0xC0],
        [
            0xDD, 0, 0, 0, 4, 0xA7, .. "blocked"u8, 0xDC, 0, 1, 0x95, 1, 6, 0xA1, (byte)'r', 1, 0xC0, 0x90, 0xCF, 0x7F, 0xFF, 0xFF, 0xFF,
            0xFF, 0xFF, 0xFF, 0xFF],
    ];

    public static IReadOnlyList<byte[]> ResumeSeeds { get; } =
    [
        [.. ResumePoint.None],
        new ResumePoint(0, 0).Write(),
        new ResumePoint(long.MaxValue, 70_000).Write(),
        [0x95, 0xC3, 0xCE, 0, 1, 0, 0, 7, 0x81, 0xA1, (byte)'a', 0x91, 0xC0, 0xC4, 1, 9],
        [0xDD, 0, 0, 0, 3, 0xC3, 0xCF, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xD3, 0, 0, 0, 0, 0, 0, 0, 1],
    ];

    public static IReadOnlyList<byte[]> GoAwaySeeds { get; } = Words.Of(
        """{"reason":"shutdown","lastStreamId":4294967295}""", """{"reason":"conflict"}""", "{}");

    public static IReadOnlyList<byte[]> ConfigSeeds { get; } = Words.Of(
        """{"listenPorts":[80,443],"listenPortsUdp":[53],"stunIntervalSecs":300,"firewallConfig":{"blockedIps":["192.0.2.7"],"timedBlocks":[{"ip":"192.0.2.0/24","seconds":3600}]}}""",
        """{"listenPorts":[443],"ports":{"tcp/443":{"bindAddress":"192.0.2.1","acceptProxyProtocol":true,"trustedProxies":["10.0.0.0/8"],"allowCidrs":["2001:db8::/32"],"denyCidrs":["192.0.2.7"],"maxConnections":5,"maxConnectionsPerIp":2,"newConnectionsPerSecondPerIp":1,"newConnectionsBurst":3,"adaptive":80,"idleTimeout":60,"uploadRate":1000,"amplificationGuard":false,"logConnections":true},"default":{}}}""",
        """{"listenPorts":[],"hub":{"version":"0.1.0","features":["reset","goaway"],"tunnelId":"t-1","maxFrame":65536,"initialWindow":1048576,"rev":7,"pins":["AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"],"contested":true,"redialSpread":998,"secret":"0123456789abcdef","address":"hub.example.com:8443"}}""",
        """{"ports":1,"hub":2,"unknown":[{"x":null}]}""");

    private delegate bool TryParse<T>(ReadOnlySpan<byte> json, [NotNullWhen(true)] out T? message, [NotNullWhen(false)] out string? error);

    public static FuzzAction Hello() => Target<Hello>(ControlMessage.TryParseHello, ControlMessage.Serialize);

    public static FuzzAction Report() => Target<Report>(ControlMessage.TryParseReport, static report => ControlMessage.Serialize(report));

    public static FuzzAction PackedReport() => Target<Report>(
        static (ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out Report? report, [NotNullWhen(false)] out string? error) =>
            ControlMessage.TryParseReport(bytes, packed: true, out report, out error),
        static report => ControlMessage.Serialize(report, packed: true));

    public static bool RunResume(ReadOnlySpan<byte> input)
    {
        if (!ResumePoint.TryRead(input, out var point, out var error))
        {
            Check.IsErrorText(error);
            return false;
        }

        if (point is null)
            return true;
        Check.That(point is { Received: >= 0, From: >= 0 }, "offsets are not negative");
        if (!ResumePoint.TryRead(point.Write(), out var again, out error))
            throw new PropertyException($"what was written is not read: {error}");
        Check.Equal(point, again, "what was read can be written and read again");
        return true;
    }

    public static FuzzAction GoAway() => Target<GoAway>(ControlMessage.TryParseGoAway, ControlMessage.Serialize);

    // The firewall is kept as it came, for its own reader to judge: its text may be what no writer writes.
    public static FuzzAction Config() => Target<TunnelConfig>(
        ControlMessage.TryParseConfig, static config => ControlMessage.Serialize(config with { FirewallConfig = null }));

    // What was read can be written, is then read as the same, and has nothing of the buffer that it was read from.
    private static FuzzAction Target<T>(TryParse<T> parse, Func<T, byte[]> serialize)
        where T : class
    {
        var received = Array.Empty<byte>();
        return input =>
        {
            if (received.Length < input.Length)
                received = new byte[input.Length];
            input.CopyTo(received);
            if (!parse(received.AsSpan(0, input.Length), out var message, out var error))
            {
                Check.IsErrorText(error);
                return false;
            }

            var before = serialize(message);
            Array.Clear(received);
            var written = serialize(message);
            Check.Same(before, written, "a message has nothing of the buffer that it was read from");
            if (!parse(written, out var again, out error))
                throw new PropertyException($"what was written is not read: {error}");
            Check.Same(written, serialize(again), "what was read can be written and read again");
            return true;
        };
    }
}
