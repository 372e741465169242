using Tunnel.Shared.Configuration;
using Tunnel.Shared.Protocol.Addresses;

namespace Tunnel.Shared.Observability;

/// <summary>Reads <c>otlpEndpoint</c> and <c>otlpInterval</c>.</summary>
public static class OtlpSettings
{
    /// <summary>The names of the settings; both can change while the service runs.</summary>
    public static readonly IReadOnlyList<string> Settings = ["otlpEndpoint", "otlpInterval"];

    private const int MostSeconds = 3600;

    /// <summary>Reads where metrics are pushed to; null when no endpoint is given.</summary>
    public static OtlpOptions? Otlp(this LayeredConfiguration configuration)
    {
        var interval = configuration.Duration("otlpInterval", OtlpOptions.DefaultInterval, 1, MostSeconds);
        if (configuration.Text("otlpEndpoint") is not { } text)
            return null;
        if (Uri.TryCreate(text, UriKind.Absolute, out var endpoint) && (
            endpoint.Scheme == Uri.UriSchemeHttp || endpoint.Scheme == Uri.UriSchemeHttps)
            && HostSyntax.TryParseHostAndPort(Authority(text), out _, out _))
        {
            return new OtlpOptions(endpoint, interval);
        }

        const string valid = "must be the http or https URL of an OpenTelemetry collector such as http://127.0.0.1:4318";
        configuration.Errors.Add(
            "otlpEndpoint", text, HostSyntax.FaultOf(Authority(text), valid), configuration.Find("otlpEndpoint")?.Source);
        return null;
    }

    // The host is read as it was written, because a URL parser takes 010.0.0.1 for 8.0.0.1.
    private static string Authority(string url)
    {
        var rest = url.IndexOf("//", StringComparison.Ordinal) is >= 0 and var at ? url[(at + 2)..] : "";
        var end = rest.AsSpan().IndexOfAny('/', '?', '#');
        return end < 0 ? rest : rest[..end];
    }
}
