using System.Text;
using System.Text.Json;
using Tunnel.Shared.Text;

namespace Tunnel.Hub.Cli;

/// <summary>Formats JSON with indentation, for people.</summary>
internal static class IndentedJson
{
    private static readonly JsonWriterOptions Options = new() { Indented = true, Encoder = PlainJson.Encoder };

    public static string Format(string json)
    {
        using var document = JsonDocument.Parse(json);
        using var text = new MemoryStream();
        using (var writer = new Utf8JsonWriter(text, Options))
            document.WriteTo(writer);
        return Encoding.UTF8.GetString(text.ToArray());
    }
}
