using System.Text.Json;

namespace Tunnel.FuzzTests.Targets;

/// <summary>JSON as readers of documents get it.</summary>
internal static class Json
{
    /// <returns>The document, or null when it is none.</returns>
    public static JsonDocument? Parse(ReadOnlySpan<byte> input, JsonDocumentOptions options)
    {
        try
        {
            return JsonDocument.Parse(input.ToArray(), options);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
