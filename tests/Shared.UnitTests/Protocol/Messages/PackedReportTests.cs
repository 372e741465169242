using System.Buffers;
using MessagePack;
using Tunnel.Shared.Protocol.Messages;

namespace Tunnel.Shared.UnitTests.Protocol.Messages;

public sealed class PackedReportTests
{
    private static readonly Report Blocked = new()
    {
        Kind = Report.Blocked,
        BlockedClients = new BlockedReport
        {
            Counts = [new BlockedCount(443, "tcp", "denied", 5), new BlockedCount(53, "udp", "rate", int.MaxValue)],
            Sources = [new BlockedSource(443, "tcp", "denied", "192.0.2.7", 5), new BlockedSource(53, "udp", "rate", "2001:db8::7", 1)],
            Dropped = long.MaxValue,
        },
    };

    private delegate void Write(ref MessagePackWriter writer);

    [Fact]
    public void Says_the_same_as_its_json()
    {
        var packed = ControlMessage.Serialize(Blocked, packed: true);
        var json = ControlMessage.Serialize(Blocked);

        Assert.True(ControlMessage.TryParseReport(packed, packed: true, out var report, out _));
        Assert.Equal(json, ControlMessage.Serialize(report));
        Assert.True(packed.Length * 2 < json.Length, $"{packed.Length} and {json.Length} bytes");
    }

    [Fact]
    public void Json_is_read_all_the_same_and_other_reports_stay_json()
    {
        Assert.True(ControlMessage.TryParseReport(ControlMessage.Serialize(Blocked), packed: true, out _, out _));
        Assert.Equal((byte)'{', ControlMessage.Serialize(new Report { Kind = Report.ConfigApplied }, packed: true)[0]);
    }

    [Fact]
    public void Is_not_read_where_it_was_not_agreed_on()
    {
        Assert.False(ControlMessage.TryParseReport(ControlMessage.Serialize(Blocked, packed: true), packed: false, out _, out var error));
        Assert.NotEmpty(error);
    }

    [Fact]
    public void One_that_ends_early_is_refused_wherever_it_ends()
    {
        var whole = ControlMessage.Serialize(Blocked, packed: true);
        for (var length = 1; length < whole.Length; length++)
        {
            Assert.False(ControlMessage.TryParseReport(whole.AsSpan(0, length), packed: true, out _, out var error), $"{length} bytes");
            Assert.NotEmpty(error);
        }

        Assert.False(ControlMessage.TryParseReport([.. whole, 0], packed: true, out _, out var more));
        Assert.Equal("something follows the message", more);
    }

    [Fact]
    public void What_a_newer_peer_adds_is_passed_over_however_deep_it_nests()
    {
        const int depth = 60_000;
        var bytes = Pack((ref MessagePackWriter writer) =>
        {
            writer.WriteArrayHeader(6);
            writer.Write("blocked");
            writer.WriteArrayHeader(1);
            WriteCount(ref writer, 443, more: 1);
            writer.WriteNil();
            writer.WriteArrayHeader(0);
            writer.Write(0);
            writer.WriteMapHeader(1);
            writer.Write("a");
            writer.Write("b");
            for (var level = 0; level < depth; level++)
                writer.WriteArrayHeader(1);
            writer.Write(true);
        });

        Assert.True(ControlMessage.TryParseReport(bytes, packed: true, out var report, out _));
        Assert.Equal([new BlockedCount(443, "tcp", "denied", 1)], report.BlockedClients!.Counts);
    }

    [Theory]
    [InlineData(0, 6, "denied", "blocked.port: 0 is not an integer from 1 to 65535")]
    [InlineData(443, 1, "denied", "blocked.proto: 1 is not 6 (tcp) or 17 (udp)")]
    [InlineData(443, 6, "de\u001bnied", "blocked.reason: is not a word")]
    [InlineData(443, 6, "", "blocked.reason: is not a word")]
    [InlineData(443, 6, "ThisReasonIsFarTooLongToBeOneThatAnybodyGave", "blocked.reason: longer than 40 bytes")]
    public void Each_member_is_checked(int port, int proto, string reason, string expected)
    {
        var bytes = Pack((ref MessagePackWriter writer) =>
        {
            writer.WriteArrayHeader(4);
            writer.Write("blocked");
            writer.WriteArrayHeader(1);
            WriteCount(ref writer, port, proto, reason);
            writer.WriteArrayHeader(0);
            writer.Write(0);
        });

        Assert.False(ControlMessage.TryParseReport(bytes, packed: true, out _, out var error));
        Assert.Equal(expected, error);
    }

    [Fact]
    public void A_list_has_a_limit_whatever_its_header_says()
    {
        var bytes = Pack((ref MessagePackWriter writer) =>
        {
            writer.WriteArrayHeader(4);
            writer.Write("blocked");
            writer.WriteArrayHeader(BlockedReport.MaxEntries + 1);
            for (var entry = 0; entry <= BlockedReport.MaxEntries; entry++)
                WriteCount(ref writer, 443);
        });

        Assert.False(ControlMessage.TryParseReport(bytes, packed: true, out _, out var error));
        Assert.Equal("blocked.counts: more than 500 entries", error);
        Assert.False(
            ControlMessage.TryParseReport([0x94, 0xA7, .. "blocked"u8, 0xDD, 0xFF, 0xFF, 0xFF, 0xFF], packed: true, out _, out error));
        Assert.NotEmpty(error);
    }

    private static void WriteCount(ref MessagePackWriter writer, int port, int proto = 6, string reason = "denied", int more = 0)
    {
        writer.WriteArrayHeader(4 + more);
        writer.Write(port);
        writer.Write(proto);
        writer.Write(reason);
        writer.Write(1);
    }

    private static byte[] Pack(Write write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        var writer = new MessagePackWriter(buffer);
        write(ref writer);
        writer.Flush();
        return buffer.WrittenSpan.ToArray();
    }
}
