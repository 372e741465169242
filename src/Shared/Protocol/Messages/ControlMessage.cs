using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;

namespace Tunnel.Shared.Protocol.Messages;

/// <summary>
/// Writes and reads CONFIG, HELLO, REPORT and GOAWAY, which are JSON except for one form of REPORT (protocol.md sections 2 and 3). Parsing
/// accepts any input and never throws: unknown members are ignored, missing or null ones have the record's default, and anything else that
/// is wrong gives an error text that names member and value and is fit for a log.
/// </summary>
public static class ControlMessage
{
    /// <summary>The most bytes of a configuration, as a frame's payload or as the answer line of the handshake with its newline.</summary>
    public const int MaxConfigLength = 4 * 1024 * 1024;

    /// <summary>The most bytes of a HELLO, REPORT or GOAWAY.</summary>
    public const int MaxLength = 64 * 1024;

    /// <summary>The most characters of a string that has no narrower limit.</summary>
    internal const int MaxText = 256;

    internal const int MaxFeatures = 64;
    internal const int MaxFeatureLength = 64;

    /// <summary>Writes a configuration as UTF-8 JSON without a newline. Both lists of ports are always written.</summary>
    public static byte[] Serialize(TunnelConfig config) => MessageWriter.Serialize(config);

    /// <summary>Writes a HELLO as UTF-8 JSON without a newline.</summary>
    public static byte[] Serialize(Hello hello) => MessageWriter.Serialize(hello);

    /// <summary>
    /// Writes a REPORT as UTF-8 JSON without a newline, or as MessagePack. The errors are shortened so that it fits into
    /// <see cref="MaxLength"/>.
    /// </summary>
    /// <param name="report">The report.</param>
    /// <param name="packed">Whether the peer reads MessagePack; a report that has such a form is then written in it.</param>
    /// <exception cref="ArgumentException">There are so many ports that they don't fit even without errors (over 1,300).</exception>
    public static byte[] Serialize(Report report, bool packed = false)
    {
        if (packed && report.BlockedClients is { } blocked)
            return PackedReport.Write(blocked);
        for (var maxError = MaxText; ; maxError /= 2)
        {
            var json = MessageWriter.Serialize(report with { Failed = CutErrors(report.Failed, maxError) });
            if (json.Length <= MaxLength)
                return json;
            if (maxError == 0)
            {
                throw new ArgumentException(
                    $"A report of {report.Bound.Length + report.Failed.Length} ports has {json.Length} bytes, more than {MaxLength}.",
                    nameof(report));
            }
        }
    }

    /// <summary>Writes a GOAWAY as UTF-8 JSON without a newline.</summary>
    public static byte[] Serialize(GoAway goAway) => MessageWriter.Serialize(goAway);

    /// <summary>Reads a CONFIG's payload, or the hub's answer line when that is known not to be a refusal.</summary>
    public static bool TryParseConfig(
        ReadOnlySpan<byte> json, [NotNullWhen(true)] out TunnelConfig? config, [NotNullWhen(false)] out string? error) =>
        MessageParser.TryParse(json, MaxConfigLength, TunnelConfigParser.Read, out config, out error);

    /// <summary>Reads a HELLO's payload.</summary>
    public static bool TryParseHello(
        ReadOnlySpan<byte> json, [NotNullWhen(true)] out Hello? hello, [NotNullWhen(false)] out string? error) =>
        MessageParser.TryParse(json, MaxLength, HelloParser.Read, out hello, out error);

    /// <summary>Reads a REPORT's payload in JSON.</summary>
    public static bool TryParseReport(
        ReadOnlySpan<byte> json, [NotNullWhen(true)] out Report? report, [NotNullWhen(false)] out string? error) =>
        TryParseReport(json, packed: false, out report, out error);

    /// <summary>Reads a REPORT's payload in JSON or, where that was agreed on, in MessagePack.</summary>
    public static bool TryParseReport(
        ReadOnlySpan<byte> payload, bool packed, [NotNullWhen(true)] out Report? report, [NotNullWhen(false)] out string? error) =>
        packed && PackedReport.IsPacked(payload)
            ? PackedReport.TryRead(payload, out report, out error)
            : MessageParser.TryParse(payload, MaxLength, ReportParser.Read, out report, out error);

    /// <summary>Reads a GOAWAY's payload.</summary>
    public static bool TryParseGoAway(
        ReadOnlySpan<byte> json, [NotNullWhen(true)] out GoAway? goAway, [NotNullWhen(false)] out string? error) =>
        MessageParser.TryParse(json, MaxLength, GoAwayParser.Read, out goAway, out error);

    private static ImmutableArray<FailedPort> CutErrors(ImmutableArray<FailedPort> failed, int maxChars) =>
        failed.IsDefaultOrEmpty
            ? []
            : [.. failed.Select(port => port.Error.Length <= maxChars ? port : port with { Error = port.Error[..maxChars] })];
}
