using System.Globalization;
using System.Net;
using Microsoft.Extensions.Logging;
using Tunnel.Shared.Files;
using Tunnel.Shared.Protocol.Addresses;
using Tunnel.Shared.Text;

namespace Tunnel.Shared.Configuration;

/// <summary>
/// Typed readers of settings. Each returns the given default when the setting is missing. It does so too when the setting is not valid,
/// after adding an error that says what would be, so that reading goes on and all errors are seen at once.
/// </summary>
public static class SettingReaders
{
    /// <summary>
    /// Reads text as it is. Empty text is an error, since an empty environment variable is more often a mistake than intended.
    /// </summary>
    public static string? Text(this LayeredConfiguration configuration, string name, string? missing = null) =>
        configuration.Read(name, missing, "must not be empty", value => (value.Length > 0, value));

    /// <summary>Reads a secret like <see cref="Text"/>, but its value never appears in an error.</summary>
    public static string? Secret(this LayeredConfiguration configuration, string name) =>
        configuration.Read<string?>(name, null, "must not be empty", value => (value.Length > 0, value), secret: true);

    /// <summary>Reads a TCP or UDP port, 1–65535; with <paramref name="allowZero"/> also 0, for a port that the system picks.</summary>
    public static int Port(this LayeredConfiguration configuration, string name, int missing, bool allowZero = false) =>
        configuration.Integer(name, missing, allowZero ? 0 : 1, 65535, "a port");

    /// <summary>Reads a whole number within bounds.</summary>
    public static int Integer(
        this LayeredConfiguration configuration, string name, int missing, int least, int most, string what = "a whole number") =>
        configuration.Read(name, missing, $"must be {what} from {least} to {most}", value =>
            (
                int.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) && number >= least
                && number <= most,
                number));

    /// <summary>Reads a whole number within bounds, which errors name with its unit.</summary>
    public static long Number(this LayeredConfiguration configuration, string name, long missing, long least, long most, string unit) =>
        configuration.Read(name, missing, string.Create(CultureInfo.InvariantCulture, $"must be {least} to {most} ({unit})"), value =>
            (
                long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) && number >= least
                && number <= most,
                number));

    /// <summary>Reads an IPv4 or IPv6 address.</summary>
    public static IPAddress Address(this LayeredConfiguration configuration, string name, IPAddress missing) =>
        configuration.Read(
            name, missing, value => HostSyntax.FaultOf(value, HostSyntax.ValidAddress),
            value => (HostSyntax.TryParseAddress(value, out var address), address!));

    /// <summary>Reads a host name or an IP address.</summary>
    public static string Host(this LayeredConfiguration configuration, string name, string missing) =>
        configuration.ReadHost(name, missing)!;

    /// <summary>Reads a host name or an IP address; null when none is given.</summary>
    public static string? Host(this LayeredConfiguration configuration, string name) => configuration.ReadHost(name, null);

    /// <summary>Reads a path and makes it absolute; it need not exist.</summary>
    public static string? FilePath(this LayeredConfiguration configuration, string name, string? missing = null) =>
        configuration.Read(name, missing, "must be a path", value =>
            (value.Length > 0 && !value.Contains('\0'), value.Length > 0 ? Path.GetFullPath(value) : value));

    /// <summary>Reads a path to a file, which must exist, and makes it absolute.</summary>
    public static string? ExistingFile(this LayeredConfiguration configuration, string name) =>
        configuration.Read<string?>(
            name, null, FaultOfFile, value => (FaultOfFile(value).Length == 0, value.Length > 0 ? Path.GetFullPath(value) : value));

    /// <summary>Reads a duration: a number of seconds, where fractions are allowed, or a number with its unit, such as <c>5m</c>.</summary>
    /// <param name="configuration">The settings.</param>
    /// <param name="name">The setting's name.</param>
    /// <param name="missing">The default.</param>
    /// <param name="least">The shortest valid duration in seconds.</param>
    /// <param name="most">The longest valid duration in seconds.</param>
    public static TimeSpan Duration(this LayeredConfiguration configuration, string name, TimeSpan missing, double least, double most) =>
        configuration.Read(
            name, missing,
            string.Create(CultureInfo.InvariantCulture, $"must be {least} to {most} seconds, or a time with its unit, such as 30s or 5m"),
            value => TimeText.TryParseSeconds(value, out var time) && time.TotalSeconds >= least && time.TotalSeconds <= most
                ? (true, time) : (false, default));

    /// <summary>Reads <c>true</c> or <c>false</c>.</summary>
    public static bool Boolean(this LayeredConfiguration configuration, string name, bool missing) =>
        configuration.Read(name, missing, "must be true or false", value => (bool.TryParse(value, out var flag), flag));

    /// <summary>Reads a word of an enumeration, in camelCase; case does not matter.</summary>
    public static T Enum<T>(this LayeredConfiguration configuration, string name, T missing)
        where T : struct, Enum =>
        configuration.Word(name, missing, System.Enum.GetValues<T>().ToDictionary(CamelCase, StringComparer.OrdinalIgnoreCase));

    /// <summary>Reads one of the given words; case does not matter.</summary>
    public static T Word<T>(this LayeredConfiguration configuration, string name, T missing, IReadOnlyDictionary<string, T> words) =>
        configuration.Read(
            name, missing, $"must be one of {string.Join(", ", words.Keys)}", value => (words.TryGetValue(value, out var found), found!));

    /// <summary>Reads text that must pass a check; <paramref name="valid"/> says what would be valid: "must be …".</summary>
    public static string Word(
        this LayeredConfiguration configuration, string name, string missing, Func<string, bool> check, string valid) =>
        configuration.Read(name, missing, valid, value => (check(value), value));

    /// <summary>Reads a log level: trace, debug, information (info), warning (warn), error, critical, none.</summary>
    public static LogLevel LogLevel(this LayeredConfiguration configuration, string name, LogLevel missing) =>
        configuration.Word(name, missing, LogLevelWords.All);

    private static T Read<T>(
        this LayeredConfiguration configuration, string name, T missing, string valid, Func<string, (bool Ok, T Value)> parse,
        bool secret = false) =>
        configuration.Read(name, missing, _ => valid, parse, secret);

    private static T Read<T>(
        this LayeredConfiguration configuration, string name, T missing, Func<string, string> fault, Func<string, (bool Ok, T Value)> parse,
        bool secret = false)
    {
        if (configuration.Find(name) is not { } setting)
        {
            return missing;
        }

        var (ok, value) = parse(setting.Value);
        if (ok)
        {
            return value;
        }

        configuration.Errors.Add(name, secret ? ConfigurationError.Masked : setting.Value, fault(setting.Value), setting.Source);
        return missing;
    }

    private static string FaultOfFile(string path) =>
        path.Length == 0 || path.Contains('\0')
            ? "must be the path of a file"
            : UnixFile.FaultOfFile(path) is { } fault
            ? $"{fault}; it must be a file"
            : "";

    private static string? ReadHost(this LayeredConfiguration configuration, string name, string? missing) =>
        configuration.Read(
            name, missing, value => HostSyntax.FaultOfHost(value, HostSyntax.ValidHost), value => (HostSyntax.IsUrlHost(value), value));

    private static string CamelCase<T>(T value)
        where T : struct, Enum
    {
        var text = value.ToString();
        return char.ToLowerInvariant(text[0]) + text[1..];
    }
}
