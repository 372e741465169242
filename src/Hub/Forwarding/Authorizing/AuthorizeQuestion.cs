using System.Net;
using System.Text.Json;

namespace Tunnel.Hub.Forwarding.Authorizing;

/// <summary>Holds what an answer may depend on: clients for whom this is the same share one answer.</summary>
/// <param name="EdgeId">The edge that the client came through.</param>
/// <param name="Port">Its TCP port.</param>
/// <param name="Source">The client's address; null when not known.</param>
/// <param name="Sni">The host name that the client asked for, where the port reads it; else null.</param>
internal readonly record struct AuthorizeQuestion(string EdgeId, int Port, IPAddress? Source, string? Sni)
{
    /// <summary>Returns the question as JSON, which may hold any name that a client asks for.</summary>
    public byte[] ToJson()
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            json.WriteString("edgeId", EdgeId);
            json.WriteNumber("port", Port);
            json.WriteString("source", Source?.ToString());
            json.WriteString("sni", Sni);
            json.WriteEndObject();
        }

        return bytes.ToArray();
    }
}
