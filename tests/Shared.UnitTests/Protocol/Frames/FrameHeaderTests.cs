using FsCheck;
using FsCheck.Fluent;
using Tunnel.Shared.Protocol.Frames;

namespace Tunnel.Shared.UnitTests.Protocol.Frames;

public class FrameHeaderTests
{
    [Fact]
    public void The_bytes_are_id_type_and_length_big_endian()
    {
        byte[] bytes = [0x01, 0x02, 0x03, 0x04, 0x0A, 0x11, 0x12, 0x13, 0x14];
        var header = new FrameHeader(0x01020304, FrameType.WindowUpdateBack, 0x11121314);
        var written = new byte[9];
        header.Write(written);
        Assert.Equal(bytes, written);
        Assert.Equal(header, FrameHeader.Read(bytes));
    }

    [Fact]
    public void Any_header_is_read_as_it_was_written() =>
        Prop.ForAll(Generators.Bytes(9).ToArbitrary(), bytes =>
        {
            var written = new byte[9];
            FrameHeader.Read(bytes).Write(written);
            return written.SequenceEqual(bytes);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void What_lies_around_a_header_is_left_alone()
    {
        byte[] buffer = [.. Enumerable.Repeat((byte)0xEE, 12)];
        new FrameHeader(uint.MaxValue, FrameType.Data, uint.MaxValue).Write(buffer.AsSpan(1));
        Assert.Equal([0xEE, 0xFF, 0xFF, 0xFF, 0xFF, 0x02, 0xFF, 0xFF, 0xFF, 0xFF, 0xEE, 0xEE], buffer);
    }

    [Fact]
    public void A_violation_names_frame_and_cause()
    {
        Assert.Equal(
            "WindowUpdateBack (0x0A) on stream 7, 4 bytes: because",
            new FrameViolationException(new FrameHeader(7, FrameType.WindowUpdateBack, 4), "because").Message);
        Assert.Equal(
            "unknown frame (0x1F) on stream 4294967295, 0 bytes: because",
            new FrameViolationException(new FrameHeader(uint.MaxValue, (FrameType)0x1F, 0), "because").Message);
    }
}
