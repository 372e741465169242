using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;

namespace Tunnel.Shared.Protocol.Messages;

/// <summary>
/// CONFIG, HELLO, REPORT and GOAWAY, which are JSON but for one form of REPORT (protocol.md sections 2 and 3). Parsing takes any input and
/// never throws: unknown members are ignored, missing or null ones have the record's default, everything else that is wrong is an error
/// text that names member and value, fit for a log.
/// </summary>
public static class ControlMessage
{
    /// <summary>Bytes of a configuration, as a frame's payload or as the answer line of the handshake with its newline.</summary>
    public const int MaxConfigLength = 4 * 1024 * 1024;

    /// <summary>Bytes of a HELLO, REPORT or GOAWAY.</summary>
    public const int MaxLength = 64 * 1024;

    /// <summary>Characters of any string that has no narrower limit.</summary>
    internal const int MaxText = 256;

    internal const int MaxFeatures = 64;
    internal const int MaxFeatureLength = 64;

    /// <summary>UTF-8 JSON without a newline; both lists of ports are always written.</summary>
    public static byte[] Serialize(TunnelConfig config) => MessageWriter.Serialize(config);

    /// <summary>UTF-8 JSON without a newline.</summary>
    public static byte[] Serialize(Hello hello) => MessageWriter.Serialize(hello);

    /// <summary>UTF-8 JSON without a newline, or MessagePack; the errors are cut as short as <see cref="MaxLength"/> needs.</summary>
    /// <param name="report">What to tell.</param>
    /// <param name="packed">The peer reads MessagePack: what has such a form is written in it.</param>
    /// <exception cref="ArgumentException">So many ports that they don't fit without errors either (over 1,300).</exception>
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
                throw new ArgumentException(
                    $"A report of {report.Bound.Length + report.Failed.Length} ports has {json.Length} bytes, more than {MaxLength}.",
                    nameof(report));
        }
    }

    /// <summary>UTF-8 JSON without a newline.</summary>
    public static byte[] Serialize(GoAway goAway) => MessageWriter.Serialize(goAway);

    /// <summary>Reads a CONFIG's payload, or the hub's answer line when that is known to be no refusal.</summary>
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
