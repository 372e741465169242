using System.Buffers;
using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using MessagePack;

namespace Tunnel.Shared.Protocol.Messages;

/// <summary>
/// Writes and reads a REPORT of the kind <c>blocked</c> in MessagePack (protocol.md section 2.6): the array <c>["blocked", counts, sources,
/// dropped]</c>. During a flood such reports are the longest and most frequent, and this form is a third as long as their JSON. The code is
/// written by hand and uses no reflection.
/// </summary>
internal static class PackedReport
{
    private const int Members = 4;
    private const int CountMembers = 4;
    private const int SourceMembers = 5;
    private const int Tcp = 6;
    private const int Udp = 17;

    /// <summary>Whether a REPORT's payload is a MessagePack array rather than JSON.</summary>
    public static bool IsPacked(ReadOnlySpan<byte> payload) =>
        payload.Length > 0
            && payload[0] is >= MessagePackCode.MinFixArray and <= MessagePackCode.MaxFixArray or MessagePackCode.Array16
            or MessagePackCode.Array32;

    /// <summary>Writes a report.</summary>
    public static byte[] Write(BlockedReport report)
    {
        var buffer = new ArrayBufferWriter<byte>();
        var writer = new MessagePackWriter(buffer);
        writer.WriteArrayHeader(Members);
        writer.Write(Report.Blocked);
        writer.WriteArrayHeader(report.Counts.Length);
        foreach (var count in report.Counts)
        {
            writer.WriteArrayHeader(CountMembers);
            WriteEntry(ref writer, count.Port, count.Proto, count.Reason, count.Count);
        }

        writer.WriteArrayHeader(report.Sources.Length);
        foreach (var source in report.Sources)
        {
            writer.WriteArrayHeader(SourceMembers);
            WriteEntry(ref writer, source.Port, source.Proto, source.Reason, source.Count);
            writer.Write(IPAddress.Parse(source.Source).GetAddressBytes());
        }

        writer.Write(report.Dropped);
        writer.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Reads a report from a peer that may be hostile; never throws.</summary>
    public static bool TryRead(ReadOnlySpan<byte> payload, [NotNullWhen(true)] out Report? report, [NotNullWhen(false)] out string? error)
    {
        (report, error) = (null, null);
        if (payload.Length > ControlMessage.MaxLength)
        {
            error = $"the message has {payload.Length} bytes, more than {ControlMessage.MaxLength}";
            return false;
        }

        try
        {
            var reader = new MessagePackReader(payload.ToArray());
            var blocked = Read(ref reader);
            if (!reader.End)
                throw new FormatException("something follows the message");
            report = new Report { Kind = Report.Blocked, BlockedClients = blocked };
            return true;
        }
        catch (FormatException e)
        {
            error = e.Message;
        }
        catch (Exception e) when (
            e is MessagePackSerializationException or EndOfStreamException or OverflowException or ArgumentOutOfRangeException)
        {
            // The causes are a type other than expected, a number too large for its type, or an end or a length that does not fit the
            // payload.
            error = "not the MessagePack of a report";
        }

        return false;
    }

    private static BlockedReport Read(ref MessagePackReader reader)
    {
        var members = reader.ReadArrayHeader();
        if (members < Members)
            throw new FormatException($"a packed report has {members} members, fewer than {Members}");
        if (ReadText(ref reader, "kind", Report.Blocked.Length) != Report.Blocked)
            throw new FormatException("kind: only \"blocked\" is packed");
        var counts = ImmutableArray.CreateBuilder<BlockedCount>();
        for (var left = ReadLength(ref reader, "blocked.counts"); left > 0; left--)
        {
            var (port, proto, reason, count) = ReadEntry(ref reader, CountMembers, out var more);
            PassOver(ref reader, more);
            counts.Add(new BlockedCount(port, proto, reason, count));
        }

        var sources = ImmutableArray.CreateBuilder<BlockedSource>();
        for (var left = ReadLength(ref reader, "blocked.sources"); left > 0; left--)
        {
            var (port, proto, reason, count) = ReadEntry(ref reader, SourceMembers, out var more);
            var source = ReadAddress(ref reader);
            PassOver(ref reader, more);
            sources.Add(new BlockedSource(port, proto, reason, source, count));
        }

        var dropped = ReadNumber(ref reader, "blocked.dropped", 0, long.MaxValue);
        PassOver(ref reader, members - Members);
        return new BlockedReport { Counts = counts.DrainToImmutable(), Sources = sources.DrainToImmutable(), Dropped = dropped };
    }

    private static void WriteEntry(ref MessagePackWriter writer, int port, string proto, string reason, long count)
    {
        writer.Write(port);
        writer.Write(proto == "udp" ? Udp : Tcp);
        writer.Write(reason);
        writer.Write(count);
    }

    private static (int Port, string Proto, string Reason, long Count) ReadEntry(ref MessagePackReader reader, int known, out int more)
    {
        more = reader.ReadArrayHeader() - known;
        if (more < 0)
            throw new FormatException($"blocked: an entry has {known + more} members, fewer than {known}");
        var port = (int)ReadNumber(ref reader, "blocked.port", Port.Min, Port.Max);
        var proto = ReadNumber(ref reader, "blocked.proto", 0, byte.MaxValue) switch
        {
            Tcp => "tcp",
            Udp => "udp",
            var other => throw new FormatException($"blocked.proto: {other} is not {Tcp} (tcp) or {Udp} (udp)"),
        };
        var reason = ReadText(ref reader, "blocked.reason", BlockedReportParser.MaxReason);
        return BlockedReportParser.IsReason(reason)
            ? (port, proto, reason, ReadNumber(ref reader, "blocked.count", 1, int.MaxValue))
            : throw new FormatException("blocked.reason: is not a word");
    }

    private static int ReadLength(ref MessagePackReader reader, string member)
    {
        var count = reader.ReadArrayHeader();
        return count <= BlockedReport.MaxEntries
            ? count
            : throw new FormatException($"{member}: more than {BlockedReport.MaxEntries} entries");
    }

    private static long ReadNumber(ref MessagePackReader reader, string member, long min, long max)
    {
        var value = reader.ReadInt64();
        return value >= min && value <= max ? value : throw new FormatException($"{member}: {value} is not an integer from {min} to {max}");
    }

    private static string ReadText(ref MessagePackReader reader, string member, int maxBytes)
    {
        var bytes = reader.ReadStringSequence() ?? default;
        return bytes.Length <= maxBytes
            ? string.Create((int)bytes.Length, bytes, Widen)
            : throw new FormatException($"{member}: longer than {maxBytes} bytes");
    }

    // All texts here are ASCII words, which the caller checks afterwards.
    private static void Widen(Span<char> text, ReadOnlySequence<byte> bytes)
    {
        var at = 0;
        foreach (var part in bytes)
        {
            foreach (var character in part.Span)
                text[at++] = (char)character;
        }
    }

    private static string ReadAddress(ref MessagePackReader reader)
    {
        var bytes = reader.ReadBytes() ?? default;
        return bytes.Length is 4 or 16 && BlockedReportParser.TryReadSource(new IPAddress(bytes.ToArray()).ToString(), out var source)
            ? source
            : throw new FormatException($"blocked.source: {bytes.Length} bytes are not an address");
    }

    // Skips what a newer peer adds. MessagePackReader.Skip is not used for arrays, because it recurses as deep as a hostile peer nests.
    internal static void PassOver(ref MessagePackReader reader, long values)
    {
        for (; values > 0; values--)
        {
            switch (reader.NextMessagePackType)
            {
                case MessagePackType.Array:
                    values += reader.ReadArrayHeader();
                    break;
                case MessagePackType.Map:
                    values += 2L * reader.ReadMapHeader();
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }
    }
}
