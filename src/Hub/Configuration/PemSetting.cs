using Tunnel.Shared.Configuration;

namespace Tunnel.Hub.Configuration;

/// <summary>
/// A setting that is the path of a PEM file, or PEM text itself (RFC 7468): programs that embed the hub, and containers with secrets in
/// their environment, have no files.
/// </summary>
internal static class PemSetting
{
    /// <summary>Whether a value is PEM text, and so perhaps a secret.</summary>
    public static bool IsText(string value) => value.Contains("-----BEGIN ", StringComparison.Ordinal);

    /// <summary>Returns the path that a value is; null when it is text or not given.</summary>
    public static string? PathOf(string? value) => value is null || IsText(value) ? null : value;

    /// <summary>Reads a setting; a path becomes absolute.</summary>
    public static string? Read(LayeredConfiguration configuration, string name) =>
        configuration.Text(name) is { } value && IsText(value) ? value : configuration.FilePath(name);

    /// <summary>Returns a value for messages: the path, and never the text.</summary>
    public static string Show(string value) =>
        IsText(value) || value.Contains('\n', StringComparison.Ordinal) ? "(text)" : $"'{value}'";
}
