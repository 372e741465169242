using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Tunnel.Shared.Protocol.Addresses;

namespace Tunnel.Shared.Protocol.Messages;

/// <summary>
/// What the hub tells an edge to do: the answer line of the handshake and the payload of CONFIG (protocol.md sections 2.3 and 3).
/// Each one is the whole configuration; ports are plain integers here, ranges are expanded by the hub.
/// </summary>
public sealed record TunnelConfig
{
    /// <summary>The name in <see cref="Ports"/> of what is for ports without a policy of their own.</summary>
    public const string DefaultPolicy = "default";

    /// <summary>TCP ports to bind, 1–65535, no duplicates.</summary>
    public ImmutableArray<int> ListenPorts { get; init; } = [];

    /// <summary>UDP ports to bind, 1–65535, no duplicates.</summary>
    public ImmutableArray<int> ListenPortsUdp { get; init; } = [];

    /// <summary>Seconds between two STUN look-ups; null means the edge's default.</summary>
    public int? StunIntervalSecs { get; init; }

    /// <summary>The firewall, as the operator wrote it; validated again by the edge.</summary>
    public JsonElement? FirewallConfig { get; init; }

    /// <summary>No policies.</summary>
    public static ImmutableSortedDictionary<string, EdgePortPolicy> NoPolicies { get; } =
        ImmutableSortedDictionary.Create<string, EdgePortPolicy>(StringComparer.Ordinal);

    /// <summary>
    /// Policies by <c>tcp/443</c> or <c>udp/53</c>; <c>default</c> is for each port that has none of its own (nothing is merged). Other
    /// names are ignored.
    /// </summary>
    public ImmutableSortedDictionary<string, EdgePortPolicy> Ports { get; init; } = NoPolicies;

    /// <summary>What an extended hub says of itself; null from a base peer, with which no extension is used.</summary>
    public HubInfo? Hub { get; init; }

    /// <summary>The policy of a port: its own, else the default, else none.</summary>
    /// <param name="key">Such as <c>tcp/443</c>.</param>
    public EdgePortPolicy PolicyFor(string key) =>
        Ports.GetValueOrDefault(key) ?? Ports.GetValueOrDefault(DefaultPolicy) ?? EdgePortPolicy.None;
}

/// <summary>The <c>hub</c> member of a configuration (protocol.md section 2.3, extension).</summary>
public sealed record HubInfo
{
    /// <summary>The hub's version, for logs only.</summary>
    public string Version { get; init; } = "";

    /// <summary>Names of the extensions that the hub can use; the agreed set is the intersection with HELLO's.</summary>
    public ImmutableArray<string> Features { get; init; } = [];

    /// <summary>The tunnel's name: unguessable, bound to the edge id.</summary>
    public string TunnelId { get; init; } = "";

    /// <summary>Largest DATA payload in bytes that the hub accepts after HELLO.</summary>
    public int MaxFrame { get; init; }

    /// <summary>Bytes of credit that each stream starts with for DATA.</summary>
    public int InitialWindow { get; init; }

    /// <summary>Raised with every configuration; a REPORT names the one it answers.</summary>
    public long Rev { get; init; }

    /// <summary>
    /// Pins (SHA-256 of SubjectPublicKeyInfo, base64url) that the edge shall accept from now on, for planned key changes.
    /// </summary>
    public ImmutableArray<string> Pins { get; init; } = [];

    /// <summary>
    /// Whether another tunnel of this edge is there, so that the edge binds nothing until a configuration says that it is this one which
    /// counts; null from a hub that does not tell.
    /// </summary>
    public bool? Contested { get; init; }

    /// <summary>A secret that the edge shall use from now on and keep; null for none. Only in the configuration that renews it.</summary>
    public string? Secret { get; init; }

    /// <summary>Where the hub will be, as <c>HOST:PORT</c>, for the edge to keep; null when nothing is announced.</summary>
    public string? Address { get; init; }

    // What a record prints of itself; the secret is left out.
    private bool PrintMembers(StringBuilder text)
    {
        text.Append(
            CultureInfo.InvariantCulture,
            $"TunnelId = {TunnelId}, Rev = {Rev}, Pins = {Pins.Length}, Contested = {Contested}, Secret = "
            + $"{(Secret is null ? "none" : "***")}");
        return true;
    }

    /// <summary>The address from which the edge has come, as the hub saw it; null from a hub that does not tell.</summary>
    [JsonConverter(typeof(AddressJsonConverter))]
    public IPAddress? SeenAs { get; init; }
}
