using Tunnel.Shared.Protocol.Frames;

namespace Tunnel.Shared.UnitTests.Protocol.Frames;

/// <summary>
/// Compares every type in every direction, of every length that matters, with the table of protocol.md section 3 as written here.
/// </summary>
public class FrameRulesTests
{
    private const int MaxData = 65_536;

    private static readonly Dictionary<int, Rule> Table = new()
    {
        // The most bytes are 107 of PROXY v1 and those of "PORT 65535\r\n".
        [0x01] = new(true, false, OnStream: true, 0, 119),
        [0x02] = new(true, false, OnStream: true, 0, MaxData),
        [0x03] = new(true, false, OnStream: true, 0, 0),
        [0x04] = new(false, true, OnStream: true, 0, MaxData),
        [0x05] = new(false, true, OnStream: true, 0, 0),
        [0x06] = new(false, true, OnStream: false, 0, 4_194_304),
        [0x07] = new(false, true, OnStream: false, 0, 1_024),
        [0x08] = new(true, false, OnStream: false, 0, 1_024),
        [0x09] = new(true, false, OnStream: true, 4, 4),
        [0x0A] = new(false, true, OnStream: true, 4, 4),
        [0x0B] = new(true, false, OnStream: true, 0, 536),
        [0x0C] = new(true, false, OnStream: true, 0, 65_507),
        [0x0D] = new(false, true, OnStream: true, 0, 65_507),
        [0x0E] = new(true, true, OnStream: true, 0, 0),
        [0x0F] = new(true, true, OnStream: true, 1, 1, NeedsReset: true),
        [0x20] = new(true, false, OnStream: false, 0, 65_536),
        [0x21] = new(true, false, OnStream: false, 0, 65_536),
        [0x22] = new(true, true, OnStream: false, 0, 65_536),
        [0x25] = new(true, false, OnStream: false, 0, 0),
    };

    [Fact]
    public void Every_frame_is_taken_or_refused_as_the_table_says()
    {
        var checks = 0;
        foreach (var (type, rule) in Table)
        {
            foreach (var length in Lengths(rule))
            {
                foreach (var fromEdge in (bool[])[true, false])
                {
                    foreach (var resetAgreed in (bool[])[true, false])
                    {
                        foreach (var id in (uint[])[0, 1, uint.MaxValue])
                        {
                            var expected = rule.Allows(fromEdge, length, id, resetAgreed);
                            var fault = FrameRules.Check(new FrameHeader(id, (FrameType)type, length), fromEdge, MaxData, resetAgreed);
                            Assert.True(
                                expected == fault is null,
                                $"0x{type:X2}, {length} bytes, from edge {fromEdge}, id {id}, reset {resetAgreed}: {fault ?? "taken"}");
                            checks++;
                        }
                    }
                }
            }
        }

        Assert.InRange(checks, 1_000, 10_000);
    }

    [Fact]
    public void An_unknown_type_is_an_error_below_0x20_and_skipped_from_there()
    {
        for (var type = 0; type <= 0xFF; type++)
        {
            if (Table.ContainsKey(type))
                continue;
            Assert.Null(FrameRules.MaxLength((FrameType)type, MaxData));
            foreach (var fromEdge in (bool[])[true, false])
            {
                foreach (var id in (uint[])[0, 7])
                {
                    var fault = FrameRules.Check(new FrameHeader(id, (FrameType)type, 100), fromEdge, MaxData, resetAgreed: true);
                    Assert.Equal(type < 0x20 ? "unknown type" : null, fault);
                    Assert.NotNull(
                        FrameRules.Check(new FrameHeader(id, (FrameType)type, uint.MaxValue), fromEdge, MaxData, resetAgreed: true));
                }
            }
        }
    }

    [Theory]
    [InlineData(1_048_576, 1_048_576, true)]
    [InlineData(1_048_576, 1_048_577, false)]
    [InlineData(65_536, 65_537, false)]
    public void The_limit_of_data_is_the_present_one(int maxData, uint length, bool taken)
    {
        Assert.Equal(taken, FrameRules.Check(new FrameHeader(1, FrameType.Data, length), true, maxData, false) is null);
        Assert.Equal(taken, FrameRules.Check(new FrameHeader(1, FrameType.DataBack, length), false, maxData, false) is null);
    }

    [Fact]
    public void A_refusal_says_why()
    {
        Assert.Equal("wrong direction", FrameRules.Check(new FrameHeader(1, FrameType.Data, 1), false, MaxData, false));
        Assert.Equal("longer than 65536 bytes", FrameRules.Check(new FrameHeader(1, FrameType.Data, 65_537), true, MaxData, false));
        Assert.Equal("must have 4 bytes", FrameRules.Check(new FrameHeader(1, FrameType.WindowUpdate, 3), true, MaxData, false));
        Assert.Equal("needs a stream id", FrameRules.Check(new FrameHeader(0, FrameType.Data, 1), true, MaxData, false));
        Assert.Equal("must have stream id 0", FrameRules.Check(new FrameHeader(1, FrameType.Ping, 8), false, MaxData, false));
        Assert.Equal("extension 'reset' is not agreed", FrameRules.Check(new FrameHeader(1, FrameType.Reset, 1), true, MaxData, false));
    }

    private static IEnumerable<uint> Lengths(Rule rule) =>
        new long[] { 0, 1, 3, 4, 5, 8, rule.Least - 1, rule.Least, rule.Most - 1, rule.Most, rule.Most + 1, int.MaxValue, uint.MaxValue }
            .Where(length => length >= 0).Distinct().Select(length => (uint)length);

    private sealed record Rule(bool FromEdge, bool FromHub, bool OnStream, long Least, long Most, bool NeedsReset = false)
    {
        public bool Allows(bool fromEdge, uint length, uint id, bool resetAgreed) =>
            (fromEdge ? FromEdge : FromHub) && length >= Least && length <= Most && id != 0 == OnStream && (resetAgreed || !NeedsReset);
    }
}
