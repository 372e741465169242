using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Tunnel.Tools.WanLink;

/// <summary>The words of settings, the same on the command line and on standard input: a name and a value.</summary>
internal static class SettingParser
{
    public const string Help = "delay 25ms | loss 1% | rate 100mbit (0: no limit) | queue 100ms or 256kb | udp off|on | tcp off|on "
        + "| maxpacket 1300 (0: no limit) | nat 10.1.0.9|off";

    /// <exception cref="FormatException">This is no setting; the message says what would be one.</exception>
    public static LinkSettings Apply(LinkSettings settings, string name, string value) => name switch
    {
        "delay" => settings with { Delay = Time(value) },
        "loss" => settings with { Loss = Math.Clamp(Number(value, "%") / 100, 0, 1) },
        "rate" => settings with { Rate = Rate(value) },
        "queue" when value.EndsWith('b') => settings with { QueueBytes = Bytes(value) },
        "queue" => settings with { Queue = Time(value), QueueBytes = 0 },
        "udp" => settings with { UdpBlocked = !OnOff(value) },
        "tcp" => settings with { TcpBlocked = !OnOff(value) },
        "maxpacket" => settings with { MaxPacket = (int)Number(value, "") },
        "nat" => settings with { Nat = value == "off" ? null : Address(value) },
        _ => throw new FormatException($"'{name} {value}' is not a setting: {Help}"),
    };

    private static TimeSpan Time(string text) => text.EndsWith("us", StringComparison.Ordinal)
        ? TimeSpan.FromMicroseconds(Number(text, "us"))
        : text.EndsWith("ms", StringComparison.Ordinal)
            ? TimeSpan.FromMilliseconds(Number(text, "ms"))
            : TimeSpan.FromSeconds(Number(text, "s"));

    private static double Rate(string text) => text.EndsWith("gbit", StringComparison.Ordinal)
        ? Number(text, "gbit") * 1e9
        : text.EndsWith("mbit", StringComparison.Ordinal) ? Number(text, "mbit") * 1e6
        : text.EndsWith("kbit", StringComparison.Ordinal) ? Number(text, "kbit") * 1e3 : Number(text, "");

    private static long Bytes(string text) => (long)(text.EndsWith("mb", StringComparison.Ordinal)
        ? Number(text, "mb") * 1024 * 1024
        : text.EndsWith("kb", StringComparison.Ordinal) ? Number(text, "kb") * 1024 : Number(text, "b"));

    private static bool OnOff(string text) =>
        text == "on" || (text == "off" ? false : throw new FormatException($"'{text}' is neither on nor off"));

    private static IPAddress Address(string text) =>
        IPAddress.TryParse(text, out var address) && address.AddressFamily == AddressFamily.InterNetwork
        ? address
        : throw new FormatException($"'{text}' is not an IPv4 address");

    private static double Number(string text, string unit) =>
        double.TryParse(
            text.EndsWith(unit, StringComparison.Ordinal) ? text[..^unit.Length] : text, NumberStyles.Float, CultureInfo.InvariantCulture,
            out var number) && number >= 0
            ? number
            : throw new FormatException($"'{text}' is not a number of {(unit.Length > 0 ? unit : "units")}");
}
