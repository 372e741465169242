using System.Buffers;
using System.Buffers.Text;
using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Tunnel.Shared.Protocol.Tokens;

/// <summary>
/// All that an edge needs to find its hub and be accepted by it, in one string: base64url of compact JSON (protocol.md section 7). It holds
/// the secret, so it is never logged.
/// </summary>
/// <param name="Host">The hub's host name or address.</param>
/// <param name="Port">The hub's tunnel port, 1–65535.</param>
/// <param name="EdgeId">The edge's id.</param>
/// <param name="Secret">The edge's secret.</param>
/// <param name="Pins">Pins of the hub's certificate, any of which is enough; if there are none, the system's trust store decides.</param>
public sealed record ConnectionToken(string Host, int Port, string EdgeId, string Secret, ImmutableArray<string> Pins)
{
    internal const string DialledByHub = "hub";

    /// <summary>The most characters of an encoded token.</summary>
    public const int MaxLength = 4096;

    // The format requires compact JSON, and the text is never put into HTML.
    private static readonly JsonWriterOptions WriterOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>How the edge is to reach the hub, if the hub's operator chose it; the edge's own setting wins.</summary>
    public TransportMode? Transport { get; init; }

    /// <summary>
    /// True: the hub dials, and <see cref="Host"/> and <see cref="Port"/> are the edge's own, where it listens for the hub.
    /// </summary>
    public bool HubDials { get; init; }

    /// <summary>
    /// Further hubs, each of which the edge keeps a tunnel to, in the order of preference; at most <see cref="HubAddress.MaxFurther"/>.
    /// </summary>
    public ImmutableArray<HubAddress> FurtherHubs { get; init; } = [];

    /// <summary>Writes the token as a string: base64url without padding.</summary>
    public string Encode()
    {
        var json = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(json, WriterOptions))
        {
            writer.WriteStartObject();
            writer.WriteString("h"u8, Host);
            writer.WriteNumber("p"u8, Port);
            writer.WriteString("e"u8, EdgeId);
            writer.WriteString("s"u8, Secret);
            WritePins(writer, Pins);
            if (Transport is { } mode)
                writer.WriteString("t"u8, mode.Word());
            if (HubDials)
                writer.WriteString("d"u8, DialledByHub);
            WriteFurtherHubs(writer);
            writer.WriteEndObject();
        }

        return Base64Url.EncodeToString(json.WrittenSpan);
    }

    /// <summary>Reads a token, with or without padding, and with space around it. Accepts any input; unknown members are ignored.</summary>
    /// <param name="text">The string.</param>
    /// <param name="token">The token, if there is no error.</param>
    /// <param name="error">What is wrong, in words for the operator; never holds the secret.</param>
    public static bool TryDecode(string? text, [NotNullWhen(true)] out ConnectionToken? token, [NotNullWhen(false)] out string? error) =>
        ConnectionTokenParser.TryParse(text, out token, out error);

    /// <summary>Writes everything but the secret.</summary>
    public override string ToString() =>
        $"ConnectionToken {{ Host = {Host}, Port = {Port}, EdgeId = {EdgeId}, Secret = ***, "
        + $"Pins = {(Pins.IsDefault ? 0 : Pins.Length)}, Transport = {Transport?.Word() ?? "any"}{(HubDials ? ", HubDials" : "")}"
        + $"{(FurtherHubs.IsDefaultOrEmpty ? "" : $", FurtherHubs = {FurtherHubs.Length}")} }}";

    /// <summary>Compares by value, including the pins.</summary>
    public bool Equals(ConnectionToken? other) =>
        other is not null
        && (Host, Port, EdgeId, Secret, Transport, HubDials)
            == (other.Host, other.Port, other.EdgeId, other.Secret, other.Transport, other.HubDials)
        && Pins.AsSpan().SequenceEqual(other.Pins.AsSpan())
        && FurtherHubs.AsSpan().SequenceEqual(other.FurtherHubs.AsSpan());

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Host, Port, EdgeId, Secret);

    private void WriteFurtherHubs(Utf8JsonWriter writer)
    {
        if (FurtherHubs.IsDefaultOrEmpty)
            return;
        writer.WriteStartArray("x"u8);
        foreach (var hub in FurtherHubs)
        {
            writer.WriteStartObject();
            writer.WriteString("h"u8, hub.Host);
            writer.WriteNumber("p"u8, hub.Port);
            WritePins(writer, hub.Pins);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static void WritePins(Utf8JsonWriter writer, ImmutableArray<string> all)
    {
        switch (all.IsDefault ? [] : all)
        {
            case []:
                break;
            case [var pin]:
                writer.WriteString("f"u8, pin);
                break;
            case var pins:
                writer.WriteStartArray("f"u8);
                foreach (var pin in pins)
                    writer.WriteStringValue(pin);
                writer.WriteEndArray();
                break;
        }
    }
}
