using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Tunnel.Shared.Protocol.Addresses;

namespace Tunnel.Shared.Protocol.Messages;

/// <summary>
/// What the hub tells an edge to do: the answer line of the handshake and the payload of CONFIG (protocol.md sections 2.3 and 3). Each
/// message is the whole configuration. Ports are plain integers here, since the hub expands ranges.
/// </summary>
public sealed record TunnelConfig
{
    /// <summary>The name in <see cref="Ports"/> of the policy for ports without one of their own.</summary>
    public const string DefaultPolicy = "default";

    /// <summary>TCP ports to bind, 1–65535, no duplicates.</summary>
    public ImmutableArray<int> ListenPorts { get; init; } = [];

    /// <summary>UDP ports to bind, 1–65535, no duplicates.</summary>
    public ImmutableArray<int> ListenPortsUdp { get; init; } = [];

    /// <summary>Seconds between two STUN look-ups; null means the edge's default.</summary>
    public int? StunIntervalSecs { get; init; }

    /// <summary>The firewall as the operator wrote it; the edge validates it again.</summary>
    public JsonElement? FirewallConfig { get; init; }

    /// <summary>The empty set of policies.</summary>
    public static ImmutableSortedDictionary<string, EdgePortPolicy> NoPolicies { get; } =
        ImmutableSortedDictionary.Create<string, EdgePortPolicy>(StringComparer.Ordinal);

    /// <summary>
    /// The policies by port, such as <c>tcp/443</c> or <c>udp/53</c>; <c>default</c> applies to each port without a policy of its own
    /// (nothing is merged). Other names are ignored.
    /// </summary>
    public ImmutableSortedDictionary<string, EdgePortPolicy> Ports { get; init; } = NoPolicies;

    /// <summary>An extended hub's description of itself; null from a base peer, with which no extension is used.</summary>
    public HubInfo? Hub { get; init; }

    /// <summary>The policy of a port: its own, or else the default, or else one without limits.</summary>
    /// <param name="key">The port, such as <c>tcp/443</c>.</param>
    public EdgePortPolicy PolicyFor(string key) =>
        Ports.GetValueOrDefault(key) ?? Ports.GetValueOrDefault(DefaultPolicy) ?? EdgePortPolicy.None;
}

/// <summary>The <c>hub</c> member of a configuration (protocol.md section 2.3, extension).</summary>
public sealed record HubInfo
{
    /// <summary>The hub's version, for logs only.</summary>
    public string Version { get; init; } = "";

    /// <summary>Names of the extensions that the hub can use; those that HELLO names too are agreed on.</summary>
    public ImmutableArray<string> Features { get; init; } = [];

    /// <summary>The tunnel's name: unguessable, bound to the edge id.</summary>
    public string TunnelId { get; init; } = "";

    /// <summary>
    /// Names the machine that the hub runs on: a text that all hubs there have, and no other hub has; null from a hub that does not say.
    /// </summary>
    public string? Machine { get; init; }

    /// <summary>The largest DATA payload in bytes that the hub accepts after HELLO.</summary>
    public int MaxFrame { get; init; }

    /// <summary>The bytes of credit for DATA that each stream starts with.</summary>
    public int InitialWindow { get; init; }

    /// <summary>How long the hub keeps streams whose connection is lost, in seconds; null when it keeps none.</summary>
    public int? ResumeGrace { get; init; }

    /// <summary>The revision, raised with every configuration; a REPORT names the one that it answers.</summary>
    public long Rev { get; init; }

    /// <summary>
    /// The revision of what the hub's state says of this edge: it grows with each change of that, and hubs that share their state have the
    /// same. Null from a hub that does not say.
    /// </summary>
    public long? State { get; init; }

    /// <summary>
    /// Pins (SHA-256 of SubjectPublicKeyInfo, base64url) that the edge is to accept from now on, for planned key changes.
    /// </summary>
    public ImmutableArray<string> Pins { get; init; } = [];

    /// <summary>
    /// Whether another tunnel of this edge exists; if so, the edge binds nothing until a configuration says that this tunnel is the one
    /// that counts. Null from a hub that does not say.
    /// </summary>
    public bool? Contested { get; init; }

    /// <summary>
    /// A secret that the edge is to keep and use from now on, or null for none. Present only in the configuration that renews it.
    /// </summary>
    public string? Secret { get; init; }

    /// <summary>
    /// Within how many milliseconds the edge spreads its first dial after the hub has closed or broken the connection; null for at once.
    /// </summary>
    public int? RedialSpread { get; init; }

    /// <summary>The hub's future address as <c>HOST:PORT</c>, for the edge to keep; null when none is announced.</summary>
    public string? Address { get; init; }

    // Writes what a record prints of itself, without the secret, and without the tunnel's id, which is never logged.
    private bool PrintMembers(StringBuilder text)
    {
        text.Append(
            CultureInfo.InvariantCulture,
            $"Rev = {Rev}, Pins = {Pins.Length}, Contested = {Contested}, Secret = "
            + $"{(Secret is null ? "none" : "***")}");
        return true;
    }

    /// <summary>The address that the edge came from, as the hub saw it; null from a hub that does not say.</summary>
    [JsonConverter(typeof(AddressJsonConverter))]
    public IPAddress? SeenAs { get; init; }
}
