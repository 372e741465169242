using System.Text.Json;

namespace Tunnel.Shared.Hosting;

/// <summary>What the admin API answered.</summary>
/// <param name="StatusCode">HTTP status.</param>
/// <param name="Body">The body, JSON or empty.</param>
public sealed record AdminResponse(int StatusCode, string Body)
{
    /// <summary>The entity tag of what the body describes, or null.</summary>
    public string? EntityTag { get; init; }

    /// <summary>The request was done.</summary>
    public bool IsSuccess => StatusCode is >= 200 and < 300;

    /// <summary>What was wrong, one line each, from problem details (RFC 9457); never empty for a failure.</summary>
    /// <param name="nameOf">What a place in the request is called where it was written; null: as the service calls it.</param>
    public IReadOnlyList<string> Errors(Func<string, string>? nameOf = null) =>
        IsSuccess ? [] : ProblemDetails.ReadErrors(StatusCode, Body, nameOf ?? (static path => path));

    /// <summary>The body as JSON.</summary>
    /// <exception cref="JsonException">It is not JSON.</exception>
    public JsonElement Json()
    {
        using var document = JsonDocument.Parse(Body);
        return document.RootElement.Clone();
    }
}
