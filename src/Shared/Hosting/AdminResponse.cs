using System.Text.Json;

namespace Tunnel.Shared.Hosting;

/// <summary>An answer of the admin API.</summary>
/// <param name="StatusCode">The HTTP status.</param>
/// <param name="Body">The body, JSON or empty.</param>
public sealed record AdminResponse(int StatusCode, string Body)
{
    /// <summary>The entity tag of what the body describes, or null.</summary>
    public string? EntityTag { get; init; }

    /// <summary>Whether the request succeeded.</summary>
    public bool IsSuccess => StatusCode is >= 200 and < 300;

    /// <summary>What was wrong, one line each, read from problem details (RFC 9457); never empty for a failure.</summary>
    /// <param name="nameOf">Translates a place in the request to its name where the operator wrote it; null keeps the service's
    /// name.</param>
    public IReadOnlyList<string> Errors(Func<string, string>? nameOf = null) =>
        IsSuccess ? [] : ProblemDetails.ReadErrors(StatusCode, Body, nameOf ?? (static path => path));

    /// <summary>Parses the body as JSON.</summary>
    /// <exception cref="JsonException">The body is not JSON.</exception>
    public JsonElement Json()
    {
        using var document = JsonDocument.Parse(Body);
        return document.RootElement.Clone();
    }
}
