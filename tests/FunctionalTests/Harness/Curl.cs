using System.Globalization;
using System.Text.Json;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests.Harness;

/// <summary>The answer that curl got.</summary>
/// <param name="Status">The HTTP status; 0 when there was no answer.</param>
/// <param name="Version">The HTTP version: 1.1 or 2.</param>
/// <param name="ContentType">The type of the body.</param>
/// <param name="Body">The body.</param>
/// <param name="ExitCode">The exit code of curl.</param>
/// <param name="Error">The error that curl prints.</param>
public sealed record CurlAnswer(int Status, string Version, string ContentType, string Body, int ExitCode, string Error)
{
    public JsonElement Json => JsonElement.Parse(Body);
}

/// <summary>A real HTTP client.</summary>
public static class Curl
{
    private const string Mark = "\n<curl>";

    /// <summary>Asks without a check of the certificate.</summary>
    public static async Task<CurlAnswer> RunAsync(string url, string? key = null, params string[] options)
    {
        List<string> arguments = ["-sSk", "--max-time", "60", "-w", Mark + "%{http_code} %{http_version} %{content_type}", .. options];
        if (key is not null)
            arguments.AddRange(["-H", $"Authorization: Bearer {key}"]);
        var result = await ManagedProcess.RunAsync("curl", [.. arguments, url]);
        var end = result.StandardOutput.LastIndexOf(Mark.TrimStart(), StringComparison.Ordinal);
        var told = result.StandardOutput[(end + Mark.Length - 1)..].Split(' ', 3);
        return new CurlAnswer(
            int.Parse(told[0], CultureInfo.InvariantCulture), told[1], told[2], result.StandardOutput[..end].TrimEnd('\n'), result.ExitCode,
            result.StandardError);
    }
}
