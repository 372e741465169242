namespace Tunnel.Shared.Operator;

/// <summary>Writes the paths of members, as faults name them.</summary>
public static class JsonPlace
{
    /// <summary>The longest name in characters that is shown whole and compared with known names.</summary>
    internal const int MaxName = 40;

    /// <summary>The path of a member whose name is data and may be anything: <c>$.ports['tcp/443']</c>.</summary>
    public static string Index(string path, string name) => $"{path}['{name.Replace("'", "\\'", StringComparison.Ordinal)}']";

    /// <summary>The path of a member that should have a plain name.</summary>
    internal static string Member(string path, string name) =>
        name.Length is > 0 and <= MaxName && name.All(char.IsAsciiLetterOrDigit)
            ? $"{path}.{name}"
            : Index(path, name.Length > MaxName ? name[..MaxName] + "…" : name);
}
