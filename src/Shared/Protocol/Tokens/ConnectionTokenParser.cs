using System.Buffers.Text;
using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using Tunnel.Shared.Protocol.Addresses;
using Tunnel.Shared.Protocol.Handshake;
using Tunnel.Shared.Protocol.Messages;

namespace Tunnel.Shared.Protocol.Tokens;

/// <summary>Reads and checks a connection token (protocol.md section 7).</summary>
internal static class ConnectionTokenParser
{
    private const int MaxHostLength = 255;
    internal const int MaxPins = 16;

    private static readonly MessageMembers Members = new("", "h", "p", "e", "s", "f", "t", "d", "x");
    private static readonly MessageMembers FurtherMembers = new("x.", "h", "p", "f");

    public static bool TryParse(string? text, [NotNullWhen(true)] out ConnectionToken? token, [NotNullWhen(false)] out string? error)
    {
        token = null;
        var trimmed = text.AsSpan().Trim();
        error = trimmed.Length switch
        {
            0 => "the token is empty",
            > ConnectionToken.MaxLength => $"the token has {trimmed.Length} characters, more than {ConnectionToken.MaxLength}",
            _ => null,
        };
        if (error is not null)
            return false;

        var json = new byte[Base64Url.GetMaxDecodedLength(trimmed.Length)];
        if (!TryDecodeBase64Url(trimmed, json, out var length))
        {
            error = "the token is not base64url";
            return false;
        }

        if (MessageParser.TryParse(json.AsSpan(0, length), json.Length, Read, out token, out error, showValues: false))
            return true;
        error = $"the token's content is wrong: {error}";
        return false;
    }

    private static bool TryDecodeBase64Url(ReadOnlySpan<char> text, Span<byte> bytes, out int length)
    {
        length = 0;
        // The decoder would also accept % as padding.
        return !text.Contains('%') && Base64Url.IsValid(text) && Base64Url.TryDecodeFromChars(text, bytes, out length);
    }

    private static ConnectionToken Read(ref MessageReader reader)
    {
        var token = new ConnectionToken("", 0, "", "", []);
        var seen = 0u;
        while (reader.NextMember(Members, ref seen, out var member))
        {
            token = member switch
            {
                "h" => token with { Host = reader.Text("h", MaxHostLength) },
                "p" => token with { Port = (int)reader.Number("p", Port.Min, Port.Max) },
                "e" => token with { EdgeId = reader.Text("e", EdgeLine.MaxEdgeIdLength) },
                "s" => token with { Secret = reader.Text("s", EdgeLine.MaxSecretLength) },
                "d" => token with { HubDials = ReadDial(reader.Text("d", ControlMessage.MaxText)) },
                "t" => token with { Transport = ReadTransport(reader.Text("t", ControlMessage.MaxText)) },
                "x" => token with { FurtherHubs = ReadFurtherHubs(ref reader) },
                _ => token with { Pins = ReadPins(ref reader, "f") },
            };
        }

        token = token with
        {
            FurtherHubs = [.. token.FurtherHubs.Select(hub => hub.Port == 0 ? hub with { Port = token.Port } : hub)],
        };
        var errors = Check(token).ToList();
        return errors.Count == 0 ? token : throw new FormatException(string.Join("; ", errors));
    }

    private static ImmutableArray<string> ReadPins(ref MessageReader reader, string member) => reader.IsString
        ? [reader.Text(member, ControlMessage.MaxText)]
        : reader.Texts(member, MaxPins, ControlMessage.MaxText);

    private static ImmutableArray<HubAddress> ReadFurtherHubs(ref MessageReader reader)
    {
        var hubs = ImmutableArray.CreateBuilder<HubAddress>();
        reader.BeginArray("x");
        while (reader.NextItem("x", hubs.Count, HubAddress.MaxFurther))
            hubs.Add(ReadFurtherHub(ref reader));
        return hubs.DrainToImmutable();
    }

    // Without a port it is the first hub's, and without pins they are.
    private static HubAddress ReadFurtherHub(ref MessageReader reader)
    {
        if (!reader.IsObject)
            throw new FormatException("x (further hubs) is not a list of objects");
        var hub = new HubAddress("", 0, []);
        var seen = 0u;
        while (reader.NextMember(FurtherMembers, ref seen, out var member))
        {
            var path = FurtherMembers.PathOf(member);
            hub = member switch
            {
                "h" => hub with { Host = reader.Text(path, MaxHostLength) },
                "p" => hub with { Port = (int)reader.Number(path, Port.Min, Port.Max) },
                _ => hub with { Pins = ReadPins(ref reader, path) },
            };
        }

        return hub;
    }

    private static TransportMode ReadTransport(string word) => TransportModes.Words.TryGetValue(word, out var mode)
        ? mode
        : throw new FormatException($"t (the transport) is none of {TransportModes.Valid}");

    private static bool ReadDial(string word) => word switch
    {
        ConnectionToken.DialledByHub => true,
        "edge" => false,
        _ => throw new FormatException("d (who dials) is neither edge nor hub"),
    };

    private static IEnumerable<string> Check(ConnectionToken token)
    {
        if (token.Host.Length == 0)
            yield return "h (the hub's host) is missing";
        else if (!HostSyntax.IsUrlHost(token.Host))
            yield return $"h {HostSyntax.FaultOfHost(token.Host, "is not a host name or an address")}";
        if (token.Port == 0)
            yield return "p (the hub's port) is missing";
        if (token.EdgeId.Length == 0)
            yield return "e (the edge's id) is missing";
        else if (!EdgeLine.IsValidEdgeId(token.EdgeId))
            yield return $"e is not {EdgeLine.MaxEdgeIdLength} or fewer of A-Z a-z 0-9 . _ -";
        if (token.Secret.Length == 0)
            yield return "s (the secret) is missing";
        else if (!EdgeLine.IsValidSecret(token.Secret))
            yield return $"s is not {EdgeLine.MaxSecretLength} or fewer printable ASCII characters without spaces";
        if (token.HubDials && token.Transport is not (null or TransportMode.TcpTls))
            yield return "t (the transport) is for edges that dial; where the hub dials (d) there is only tcpTls";
        if (token.HubDials && !token.FurtherHubs.IsEmpty)
            yield return "x (further hubs) is for edges that dial; only one hub can dial an edge (d)";
        if (!token.FurtherHubs.All(static hub => HostSyntax.IsUrlHost(hub.Host)))
            yield return "x.h is missing, or is not a host name or an address";
        if (!token.Pins.Concat(token.FurtherHubs.SelectMany(static hub => hub.Pins)).All(HubAddress.IsPin))
            yield return $"f is not a pin (base64url of {HubAddress.PinBytes} bytes) or a list of pins";
    }
}
