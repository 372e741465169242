using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using MessagePack;

namespace Tunnel.Shared.Protocol.Messages;

/// <summary>
/// What RESUME says of one lane (protocol.md section 8), in MessagePack: the array <c>[last, received, from]</c>. Nil instead says that
/// nothing is kept. The code is written by hand and uses no reflection.
/// </summary>
/// <param name="Received">The offset up to which everything on the lane was processed: the peer sends from there.</param>
/// <param name="From">The offset from which this end can send again.</param>
public sealed record ResumePoint(long Received, long From)
{
    private const int Members = 3;

    /// <summary>The payload that says that nothing is kept.</summary>
    public static ReadOnlySpan<byte> None => [MessagePackCode.Nil];

    /// <summary>Writes the payload.</summary>
    public byte[] Write()
    {
        var buffer = new ArrayBufferWriter<byte>();
        var writer = new MessagePackWriter(buffer);
        writer.WriteArrayHeader(Members);
        writer.Write(true);
        writer.Write(Received);
        writer.Write(From);
        writer.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Reads a payload from a peer that may be hostile; never throws.</summary>
    /// <param name="payload">The payload.</param>
    /// <param name="point">The point; null when the peer keeps nothing.</param>
    /// <param name="error">What is wrong; null when it was read.</param>
    public static bool TryRead(ReadOnlySpan<byte> payload, out ResumePoint? point, [NotNullWhen(false)] out string? error)
    {
        (point, error) = (null, null);
        if (payload.SequenceEqual(None))
            return true;
        try
        {
            var reader = new MessagePackReader(payload.ToArray());
            var members = reader.ReadArrayHeader();
            if (members < Members)
                throw new FormatException($"it has {members} members, fewer than {Members}");
            if (!reader.ReadBoolean())
                throw new FormatException("a lane needs no further frame");
            var (received, from) = (ReadOffset(ref reader, "received"), ReadOffset(ref reader, "from"));
            PackedReport.PassOver(ref reader, members - Members);
            if (!reader.End)
                throw new FormatException("something follows it");
            point = new ResumePoint(received, from);
            return true;
        }
        catch (FormatException e)
        {
            error = e.Message;
        }
        catch (Exception e) when (
            e is MessagePackSerializationException or EndOfStreamException or OverflowException or ArgumentOutOfRangeException)
        {
            error = "not the MessagePack of a RESUME";
        }

        return false;
    }

    private static long ReadOffset(ref MessagePackReader reader, string member)
    {
        // Neither way of reading overflows with what is left to it.
        if (reader.NextCode == MessagePackCode.UInt64)
        {
            var large = reader.ReadUInt64();
            return large <= long.MaxValue ? (long)large : throw new FormatException($"{member}: {large} is too large");
        }

        var value = reader.ReadInt64();
        return value >= 0 ? value : throw new FormatException($"{member}: {value} is negative");
    }
}
