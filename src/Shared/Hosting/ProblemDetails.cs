using System.Text.Json;

namespace Tunnel.Shared.Hosting;

/// <summary>Reads problem details (RFC 9457) into lines for the operator.</summary>
internal static class ProblemDetails
{
    /// <summary>
    /// Reads the entries of the member <c>errors</c>, by path (<c>{"path":["…"]}</c>) or as a list (<c>[{"path","message"}]</c>); if there
    /// are none, the detail or the title.
    /// </summary>
    public static IReadOnlyList<string> ReadErrors(int statusCode, string body, Func<string, string> nameOf)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            var problem = document.RootElement;
            var errors = problem.ValueKind == JsonValueKind.Object && problem.TryGetProperty("errors", out var member)
                ? ReadMember(member, nameOf).ToArray()
                : [];
            if (errors.Length > 0)
            {
                return errors;
            }

            return [Text(problem, "detail") ?? Text(problem, "title") ?? $"the service answered with HTTP status {statusCode}"];
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // JsonElement throws the second exception for an escaped half of a surrogate pair.
            return [$"the service answered with HTTP status {statusCode}"];
        }
    }

    private static IEnumerable<string> ReadMember(JsonElement errors, Func<string, string> nameOf) => errors.ValueKind switch
    {
        JsonValueKind.Object =>
            errors.EnumerateObject().SelectMany(path => Lines(path.Value).Select(line => $"{nameOf(path.Name)}: {line}")),
        JsonValueKind.Array => errors.EnumerateArray().Select(item => ReadItem(item, nameOf)),
        _ => [],
    };

    private static IEnumerable<string> Lines(JsonElement value) =>
        value.ValueKind == JsonValueKind.Array ? value.EnumerateArray().Select(line => line.ToString()) : [value.ToString()];

    private static string ReadItem(JsonElement item, Func<string, string> nameOf)
    {
        var message = Text(item, "message") ?? Text(item, "detail") ?? item.ToString();
        var value = Text(item, "value") is { Length: > 0 } found ? $" = {found}" : "";
        return (Text(item, "path") ?? Text(item, "pointer")) is { Length: > 0 } path && nameOf(path) is { Length: > 0 } name
            ? $"{name}{value}: {message}"
            : message;
    }

    private static string? Text(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;
}
