using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Tunnel.Shared.Operator;
using Tunnel.Shared.Protocol.Addresses;
using Tunnel.Shared.Text;

namespace Tunnel.Hub.Edges.Definitions;

/// <summary>How a kind of value is written, and which values are valid.</summary>
/// <typeparam name="T">The type of the value; it includes null.</typeparam>
/// <param name="HelpName">The placeholder for the value in the help.</param>
/// <param name="Read">Reads JSON, or adds a fault.</param>
/// <param name="Check">Adds the faults of a value; gets its JSON path and whether it is for UDP.</param>
/// <param name="FromOption">Converts the words of an option to JSON.</param>
/// <param name="Schema">The form of the value in the API.</param>
internal sealed record SettingForm<T>(
    string HelpName,
    Func<WrittenValue, T?> Read,
    Action<T, string, bool, FaultList> Check,
    Func<IReadOnlyList<string>, PortKinds, JsonNode?> FromOption,
    SettingSchema Schema);

/// <summary>The kinds of values.</summary>
internal static class SettingForms
{
    public static readonly SettingForm<bool?> Switch = new(
        "true|false", value =>
            value.Boolean(), NoCheck, (words, _) => bool.TryParse(words[^1], out var flag)
            ? flag
            : words[^1], new SettingSchema(SettingType.Switch));

    /// <summary>The host of an upstream; an option gives it together with the port: <c>HOST[:PORT]</c> or <c>:PORT</c>.</summary>
    public static readonly SettingForm<string?> Target =
        new("HOST[:PORT]", value => value.Text(), CheckHost, (words, _) => HostOf(words[^1]), new SettingSchema(SettingType.Text));

    /// <summary>The port of an upstream; in an option it follows the host.</summary>
    public static readonly SettingForm<int?> TargetPort =
        Number(1, 65535, "a port") with { HelpName = "HOST[:PORT]", FromOption = (words, _) => PortOf(words[^1]) };

    /// <summary>
    /// The header of a TCP connection. An option for both kinds of ports accepts words that are for UDP only; they set nothing here.
    /// </summary>
    public static readonly SettingForm<ProxyProtocol?> Proxy =
        Word(("off", ProxyProtocol.Off), ("v1", ProxyProtocol.V1), ("v2", ProxyProtocol.V2)) with
        {
            HelpName = "v1|v2|off",
            FromOption = (words, kind) => kind == PortKinds.Both && words[^1] is "first" or "each" ? null : words[^1],
        };

    /// <summary>The header of datagrams, which exists in version 2 only.</summary>
    public static readonly SettingForm<UdpProxyProtocol?> UdpProxy =
        Word(("off", UdpProxyProtocol.Off), ("first", UdpProxyProtocol.First), ("each", UdpProxyProtocol.Each)) with
        {
            FromOption = (words, kind) => words[^1] == "v2" || (words[^1] == "v1" && kind == PortKinds.Both) ? "each" : words[^1],
        };

    public static readonly SettingForm<IPAddress?> Address =
        new("ADDRESS", ReadAddress, NoCheck, Last, new SettingSchema(SettingType.Text));

    public static readonly SettingForm<CidrSet?> Cidrs =
        new("CIDR", ReadCidrs, NoCheck, List, new SettingSchema(SettingType.List, Most: CidrSet.MaxCount));

    public static SettingForm<string?> Text(int most) => new(
        "TEXT",
        value => value.Text(),
        (text, path, _, faults) =>
        {
            if (text!.Length > most || text.Any(c => char.IsControl(c) && c is not '\n'))
                faults.AddText(path, text, $"must have at most {most} characters and no control characters");
        },
        Last,
        new SettingSchema(SettingType.Text, Most: most));

    /// <summary>A whole number within bounds.</summary>
    public static SettingForm<int?> Number(int least, int most, string what) => Number(least, most, what, least, what);

    /// <summary>A whole number within bounds, with another lowest number for UDP ports.</summary>
    public static SettingForm<int?> Number(int least, int most, string what, int leastUdp, string whatUdp) => new(
        "N",
        value => value.Integer(),
        (number, path, udp, faults) => CheckRange(number!.Value, udp ? leastUdp : least, most, path, udp ? whatUdp : what, faults),
        Digits,
        new SettingSchema(SettingType.Number, least, most));

    /// <summary>A number of seconds; an option takes a time with its unit too, such as <c>5m</c>.</summary>
    public static SettingForm<int?> Seconds(int least, int most, string what = "seconds", int? leastUdp = null) =>
        Number(least, most, what, leastUdp ?? least, "seconds") with { HelpName = "TIME", FromOption = WholeSeconds };

    /// <summary>Bytes a second; 0 means no limit. Lower rates than the least are refused, because nothing could work with them.</summary>
    public static SettingForm<int?> Rate(int least) => new(
        "N",
        value => value.Integer(),
        (rate, path, _, faults) =>
        {
            if (rate is not 0)
                CheckRange(rate!.Value, least, int.MaxValue, path, "bytes per second (or 0: no limit)", faults);
        },
        Digits,
        new SettingSchema(SettingType.Number, 0, int.MaxValue));

    /// <summary>One of a set of words.</summary>
    public static SettingForm<T?> Word<T>(params (string Word, T Meaning)[] words)
        where T : struct => new(
        string.Join('|', words.Select(word => word.Word)),
        value => value.Word(" or ", words),
        NoCheck,
        Last,
        new SettingSchema(SettingType.Text, Words: [.. words.Select(word => word.Word)]));

    private static void NoCheck<T>(T value, string path, bool udp, FaultList faults)
    {
    }

    private static JsonNode? Last(IReadOnlyList<string> words, PortKinds kind) => words[^1];

    private static JsonNode? Digits(IReadOnlyList<string> words, PortKinds kind) =>
        int.TryParse(words[^1], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : words[^1];

    private static JsonNode? WholeSeconds(IReadOnlyList<string> words, PortKinds kind) =>
        TimeText.TryParse(words[^1], out var time, out _) && time.TotalSeconds <= int.MaxValue
            ? (int)time.TotalSeconds : Digits(words, kind);

    private static JsonNode? List(IReadOnlyList<string> words, PortKinds kind)
    {
        // Uses the constructor: a collection expression adds each item by a generic method that native AOT does not support.
        return new JsonArray(
            [.. words.SelectMany(word => word.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
            .Select(word => JsonValue.Create(word))]);
    }

    private static JsonNode? HostOf(string target)
    {
        if (HostSyntax.TryParseHostAndPort(target, out var host, out _))
            return host;
        // Either only a port is given, or something invalid that the hub will report as it was written.
        return target.StartsWith(':') ? null : target;
    }

    private static JsonNode? PortOf(string target)
    {
        if (HostSyntax.TryParseHostAndPort(target, out _, out var port))
            return port;
        return target.StartsWith(':') ? Digits([target[1..]], PortKinds.Both) : null;
    }

    private static void CheckHost(string? host, string path, bool udp, FaultList faults)
    {
        if (!HostSyntax.IsHost(host))
            faults.AddText(path, host!, HostSyntax.FaultOfHost(host!, $"{HostSyntax.ValidHost} (that is targetPort)"));
    }

    private static void CheckRange(int number, int least, int most, string path, string what, FaultList faults)
    {
        if (number < least || number > most)
        {
            faults.Add(
                path, number.ToString(CultureInfo.InvariantCulture),
                string.Create(CultureInfo.InvariantCulture, $"must be {least}–{most}: {what}"));
        }
    }

    private static IPAddress? ReadAddress(WrittenValue value)
    {
        var text = value.Json.ValueKind == JsonValueKind.String ? value.Json.GetString()! : "";
        if (IpRange.TryParse(text, out var block, out _) && block.First == block.Last)
            return block.FirstAddress;
        value.Refuse(
            HostSyntax.FaultOf(text, "must be an IP address of the edge's machine, such as \"203.0.113.10\", \"0.0.0.0\" or \"::\""));
        return null;
    }

    private static CidrSet? ReadCidrs(WrittenValue value)
    {
        if (value.Json.ValueKind != JsonValueKind.Array)
        {
            value.Refuse("must be an array of addresses and CIDRs: [\"192.0.2.7\", \"2001:db8::/32\"]");
            return null;
        }

        var blocks = ImmutableArray.CreateBuilder<IpRange>();
        foreach (var item in value.Items(CidrSet.MaxCount))
        {
            if (item.Source("must be a string") is { } block)
                blocks.Add(block);
        }

        return new CidrSet(blocks.ToImmutable());
    }
}
