using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using Tunnel.Shared.Protocol.Addresses;

namespace Tunnel.Shared.Protocol.Messages;

/// <summary>Reads the member <c>blocked</c> of a REPORT.</summary>
internal static class BlockedReportParser
{
    /// <summary>The most characters of a reason.</summary>
    public const int MaxReason = 40;

    private static readonly MessageMembers Members = new("blocked.", "counts", "sources", "dropped");
    private static readonly MessageMembers EntryMembers = new("blocked.", "port", "proto", "reason", "count", "source");

    public static BlockedReport Read(ref MessageReader reader)
    {
        if (!reader.IsObject)
            throw new FormatException($"{Members.Path}: {reader.Value()} is not an object");

        var report = new BlockedReport();
        var seen = 0u;
        while (reader.NextMember(Members, ref seen, out var member))
        {
            var path = Members.PathOf(member);
            report = member switch
            {
                "counts" =>
                    report with
                    {
                        Counts = [.. ReadEntries(ref reader, path).Select(
                        entry => new BlockedCount(entry.Port, entry.Proto, entry.Reason, entry.Count))]
                    },
                "sources" => report with { Sources = ReadEntries(ref reader, path) },
                _ => report with { Dropped = reader.Number(path, 0, long.MaxValue) },
            };
        }

        return report;
    }

    private static ImmutableArray<BlockedSource> ReadEntries(ref MessageReader reader, string path)
    {
        var entries = ImmutableArray.CreateBuilder<BlockedSource>();
        reader.BeginArray(path);
        while (reader.NextItem(path, entries.Count, BlockedReport.MaxEntries))
            entries.Add(ReadEntry(ref reader));
        return entries.DrainToImmutable();
    }

    private static BlockedSource ReadEntry(ref MessageReader reader)
    {
        if (!reader.IsObject)
            throw new FormatException($"{EntryMembers.Path}: {reader.Value()} is not an object");

        var entry = new BlockedSource(0, "", "", "", 1);
        var seen = 0u;
        while (reader.NextMember(EntryMembers, ref seen, out var member))
        {
            var path = EntryMembers.PathOf(member);
            entry = member switch
            {
                "port" => entry with { Port = (int)reader.Number(path, Port.Min, Port.Max) },
                "proto" => entry with { Proto = ReportParser.ReadProto(ref reader, path) },
                "reason" => entry with { Reason = ReadReason(ref reader, path) },
                "count" => entry with { Count = reader.Number(path, 1, int.MaxValue) },
                _ => entry with { Source = ReadSource(ref reader, path) },
            };
        }

        return entry is { Port: > 0, Proto.Length: > 0, Reason.Length: > 0 }
            ? entry
            : throw new FormatException("blocked: an entry has no port, proto or reason");
    }

    /// <summary>Whether this is a reason: letters and digits only, since it is shown on an operator's terminal.</summary>
    public static bool IsReason(string text) => text.Length > 0 && text.All(char.IsAsciiLetterOrDigit);

    private static string ReadReason(ref MessageReader reader, string path)
    {
        var reason = reader.Text(path, MaxReason);
        return IsReason(reason) ? reason : throw new FormatException($"{path}: {reader.Value()} is not a word");
    }

    /// <summary>Reads a source address and returns it in its canonical form.</summary>
    public static bool TryReadSource(string text, [NotNullWhen(true)] out string? source)
    {
        source = IpRange.TryParse(text, out var block, out _) && block.First == block.Last ? block.ToString() : null;
        return source is not null;
    }

    private static string ReadSource(ref MessageReader reader, string path) =>
        TryReadSource(reader.Text(path, IpRange.MaxTextLength), out var source)
            ? source
            : throw new FormatException($"{path}: {reader.Value()} is not an address");
}
