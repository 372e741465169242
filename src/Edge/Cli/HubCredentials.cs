using System.Collections.Immutable;
using Tunnel.Shared.Configuration;
using Tunnel.Shared.Protocol.Handshake;
using Tunnel.Shared.Protocol.Tokens;
using Tunnel.Shared.Transport.Handshake;

namespace Tunnel.Edge.Cli;

/// <summary>Which hub the edge connects to, and as whom: from a token or from separate settings, never from both.</summary>
/// <param name="Host">The hub's host name or address.</param>
/// <param name="Port">The hub's tunnel port.</param>
/// <param name="EdgeId">This edge's id.</param>
/// <param name="Secret">This edge's secret.</param>
/// <param name="Pins">The hub's pins.</param>
/// <param name="Transport">How the hub is reached according to the token; null when the token does not say.</param>
/// <param name="Further">Further hubs.</param>
/// <param name="HubDials">Whether the hub dials this edge; then host and port are this edge's own.</param>
internal sealed record HubCredentials(
    string Host, int Port, string EdgeId, string Secret, ImmutableArray<string> Pins, TransportMode? Transport = null,
    ImmutableArray<HubAddress> Further = default, bool HubDials = false)
{
    private const int DefaultPort = 8443;
    private static readonly string[] ExplicitSettings = ["hubHost", "hubPort", "edgeId", "secret", "secretFile", "pins", "dial"];
    private static readonly Dictionary<string, bool> DialWords = new() { ["edge"] = false, ["hub"] = true };
    private static readonly HubCredentials None = new("", DefaultPort, "", "", []);

    /// <summary>Reads the credentials; errors are added to the configuration's errors.</summary>
    public static HubCredentials Read(LayeredConfiguration configuration)
    {
        // Everything is read, whether it is used or not, so that every error is seen at once.
        var token = configuration.SecretOrFile("token", "tokenFile");
        var own = ReadOwn(configuration);
        string[] given = [.. ExplicitSettings.Where(name => IsGiven(configuration, name))];
        var tokenGiven = IsGiven(configuration, "token") || IsGiven(configuration, "tokenFile");
        if (tokenGiven && given.Length > 0)
        {
            configuration.Errors.Add(
                "token", null, $"already says all about the hub: give either a token or {string.Join(", ", given)}, not both");
        }

        if (tokenGiven)
            return token is null ? None : FromToken(configuration, token);
        if (given.Length == 0)
        {
            configuration.Errors.Add(
                "token", null,
                "is missing: give tokenFile or token (from `tunnel-hub edge add ID` at the hub), or hubHost, edgeId and secretFile");
        }
        else
        {
            AddMissing(configuration, own);
        }

        return own;
    }

    private static HubCredentials FromToken(LayeredConfiguration configuration, string text)
    {
        if (ConnectionToken.TryDecode(text, out var token, out var error))
        {
            return new HubCredentials(
                token.Host, token.Port, token.EdgeId, token.Secret, token.Pins.IsDefault ? [] : token.Pins, token.Transport,
                token.FurtherHubs, token.HubDials);
        }

        configuration.Errors.Add("token", ConfigurationError.Masked, $"{error}; copy the whole token that the hub printed");
        return None;
    }

    private static HubCredentials ReadOwn(LayeredConfiguration configuration)
    {
        var edgeId = configuration.Text("edgeId");
        if (edgeId is not null && !EdgeLine.IsValidEdgeId(edgeId))
            configuration.Errors.Add("edgeId", edgeId, "must be 1 to 64 of A-Z a-z 0-9 . _ -");
        var secret = configuration.SecretOrFile("secret", "secretFile");
        if (secret is not null && !EdgeLine.IsValidSecret(secret))
            configuration.Errors.Add("secret", ConfigurationError.Masked, "must be 1 to 256 printable ASCII characters without spaces");
        return new HubCredentials(
            configuration.Host("hubHost") ?? "", configuration.Port("hubPort", DefaultPort), edgeId ?? "", secret
                ?? "", ReadPins(configuration), HubDials: configuration.Word("dial", false, DialWords));
    }

    /// <summary>Reads the setting <c>hubs</c>; null when it is missing.</summary>
    /// <param name="configuration">The settings.</param>
    /// <param name="port">The port of hubs without one.</param>
    public static ImmutableArray<HubAddress>? ReadFurther(LayeredConfiguration configuration, int port)
    {
        if (configuration.Words("hubs") is not { } text)
            return null;
        var faults = HubAddress.ParseList(text.Value, port, out var hubs);
        foreach (var (part, fault) in faults)
            configuration.Errors.Add("hubs", part, fault, text.Source);
        return hubs;
    }

    private static ImmutableArray<string> ReadPins(LayeredConfiguration configuration)
    {
        if (configuration.Words("pins") is not { } text)
            return [];
        ImmutableArray<string> pins = [.. text.Value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)];
        foreach (var pin in pins.Where(pin => !CertificatePin.IsWellFormed(pin)))
        {
            configuration.Errors.Add(
                "pins", pin, "must be pins: 43 characters of base64url each, as `tunnel-hub token decode` shows", text.Source);
        }

        return pins;
    }

    private static void AddMissing(LayeredConfiguration configuration, HubCredentials own)
    {
        if (!IsGiven(configuration, "hubHost"))
            configuration.Errors.Add("hubHost", null, "is missing: the hub's host name or address");
        if (!IsGiven(configuration, "edgeId"))
            configuration.Errors.Add("edgeId", null, "is missing: the id that the hub knows this edge by");
        if (own.Secret.Length == 0 && !IsGiven(configuration, "secret") && !IsGiven(configuration, "secretFile"))
            configuration.Errors.Add("secretFile", null, "is missing: a file with this edge's secret");
    }

    private static bool IsGiven(LayeredConfiguration configuration, string name) =>
        configuration.Find(name) is not null || (name == "pins" && configuration.FindJson(name) is not null);

    /// <summary>Describes everything but the secret.</summary>
    public override string ToString() => $"{EdgeId} at {Host}:{Port}";
}
