using System.Collections.Immutable;
using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Edge.Cli;
using Tunnel.Edge.Connecting;
using Tunnel.FuzzTests.Engine;
using Tunnel.Hub.Blocks;
using Tunnel.Hub.Configuration;
using Tunnel.Hub.Edges.State;
using Tunnel.Shared.Configuration;
using Tunnel.Shared.Hosting;
using Tunnel.Shared.Protocol.Addresses;
using Tunnel.Shared.Protocol.Handshake;
using Tunnel.Shared.Protocol.Messages;

namespace Tunnel.FuzzTests.Targets;

/// <summary>
/// The files of both programs: their configurations, which people write, and their states, which they wrote themselves and a disk may have
/// spoilt.
/// </summary>
internal static class FileTargets
{
    private const string Pin = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

    public static IReadOnlyList<byte[]> HubSeeds { get; } = Words.Of(
        """{"tunnelPort":8443,"quic":false,"bindAddress":"::","targetHost":"10.0.0.5","publicHost":"hub.example.com:8443","logLevel":"debug","drainTimeout":30,"neverBlock":["192.0.2.7"],"limits":{"edges":10,"authTimeout":5.5,"memoryBudget":209715200},"edges":[{"id":"edge-1","secret":"0123456789abcdef","listenPorts":[443]}]}""",
        """{"adminOnTunnelPort":true,"adminListen":"https://127.0.0.1:9000","adminAllowCidrs":["10.0.0.0/8"],"congestionControl":"bbr",/* a comment */"edges":[],}""",
        "{}");

    public static IReadOnlyList<byte[]> EdgeSeeds { get; } = Words.Of(
        $$"""{"hubHost":"hub.example.com","hubPort":8443,"edgeId":"edge-1","secret":"0123456789abcdef","pins":["{{Pin}}"],"transport":"quicWithFallback","lanes":2,"bindAddress":"0.0.0.0","allowPorts":[80,"8000-8010"],"protectedPorts":"22","stunServers":["stun.example.com","[2001:db8::1]:3478"],"firewall":"blockOnly","drainTimeout":1}""",
        """{"hubHost":"192.0.2.1","edgeId":"e","secret":"!","insecureSkipVerify":true,"logLevel":"trace"}""");

    public static IReadOnlyList<byte[]> StateSeeds { get; } = Words.Of(
        """{"version":1,"edges":[{"edge":{"id":"edge-1","enabled":true,"listenPorts":[443,"8000-8010"],"listenPortsUdp":[],"ports":{}},"secrets":{"salt":"AAAAAAAAAAAAAAAAAAAAAA==","items":[{"id":"00112233-4455-6677-8899-aabbccddeeff","kind":"generated","hash":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=","createdAt":"2025-01-01T12:00:00+00:00","expiresAt":"2026-01-01T12:00:00+00:00"}]}}]}""",
        """{"version":2,"revision":1764424800000000,"edges":[{"edge":{"id":"edge-1","enabled":true,"listenPorts":[443,"8000-8010"],"listenPortsUdp":[],"ports":{}},"secrets":{"salt":"AAAAAAAAAAAAAAAAAAAAAA==","items":[{"id":"00112233-4455-6677-8899-aabbccddeeff","kind":"generated","hash":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=","createdAt":"2025-01-01T12:00:00+00:00","expiresAt":"2026-01-01T12:00:00+00:00"}]},"revision":1764424700000000}]}""",
        """{"version":1,"edges":[]}""");

    public static IReadOnlyList<byte[]> BlockSeeds { get; } = Words.Of(
        """{"version":1,"blocks":[{"ip":"192.0.2.7","edges":["edge-1"],"since":"2025-01-01T12:00:00+00:00","until":"2025-01-01T13:00:00+00:00","reason":"x"},{"ip":"2001:db8::/32","since":"2025-01-01T12:00:00Z","until":"2025-01-01T13:00:00Z"}]}""",
        """{"version":1,"blocks":[]}""");

    public static IReadOnlyList<byte[]> PinSeeds { get; } = Words.Of(
        $$"""{"configured":["{{Pin}}"],"announced":["BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBA"]}""");

    public static IReadOnlyList<byte[]> RenewalSeeds { get; } = Words.Of(
        $$"""{"start":"{{HubRenewals.NameOf(Start)}}","secret":"0123456789abcdef","address":"hub.example.com:9443","addressWorks":true}""");

    private static ConnectorOptions Start => new()
    {
        HubHost = "hub.example.com",
        HubPort = 8443,
        EdgeId = "edge-1",
        Secret = "secret-of-the-token",
        InsecureSkipVerify = false,
        DrainTimeout = TimeSpan.Zero,
        Hello = new Hello(),
    };

    /// <summary>Reads a configuration file of the hub.</summary>
    public static FuzzAction HubConfiguration() => Configuration("TUNNEL_HUB__", static sources => TunnelHubOptionsReader.Read(sources));

    /// <summary>Reads a configuration file of the edge.</summary>
    public static FuzzAction EdgeConfiguration() =>
        Configuration(EdgeSettings.EnvironmentPrefix, static sources => EdgeSettings.Load(sources));

    /// <summary>Reads the hub's <c>edges.json</c>: what is loaded is saved as it was.</summary>
    public static FuzzAction State() => static input => Try<OperatorException>(input, content =>
    {
        var format = new EdgeStateFormat("/state/edges.json");
        var saved = EdgeStateFormat.Write(format.Read(content));
        Check.Same(saved, EdgeStateFormat.Write(format.Read(saved)), "a state that was loaded is saved as it was");
    });

    /// <summary>Reads the hub's <c>blocks.json</c>.</summary>
    public static FuzzAction Blocks() => static input => Try<OperatorException>(input, content =>
    {
        var format = new BlockFormat("/state/blocks.json");
        var set = format.Read(content);
        foreach (var block in set.Blocks)
            _ = (block.AppliesTo("edge-1"), block.SecondsLeft(DateTimeOffset.UnixEpoch), block.IsOver(DateTimeOffset.UnixEpoch));
        Check.Equal(set.Blocks.Length, format.Read(BlockFormat.Write(set)).Blocks.Length, "blocks that were loaded are saved");
    });

    /// <summary>Reads the edge's <c>hub-pins.json</c>, which is never worth more than a line in the log.</summary>
    public static FuzzAction Pins()
    {
        var folder = MemoryFolder.Create();
        return input =>
        {
            MemoryFolder.Write(Path.Combine(folder, PinStore.FileName), input);
            return new PinStore(folder, [Pin], NullLogger.Instance).Current.Length > 1;
        };
    }

    /// <summary>Reads the edge's <c>hub-renewals.json</c>: whatever is in it, the edge has a hub and a secret.</summary>
    public static FuzzAction Renewals()
    {
        var folder = MemoryFolder.Create();
        return input =>
        {
            MemoryFolder.Write(Path.Combine(folder, HubRenewals.FileName), input);
            var current = new HubRenewals(folder, Start, NullLogger.Instance).Current;
            Check.That(EdgeLine.IsValidSecret(current.Secret), "the secret can be said");
            Check.That(HostSyntax.IsUrlHost(current.Host) && current.Port is > 0 and <= ushort.MaxValue, "the hub has a place");
            return current.Secret != Start.Secret;
        };
    }

    private static FuzzAction Configuration(string prefix, Action<ConfigurationSources> read)
    {
        var path = Path.Combine(MemoryFolder.Create(), "config.json");
        var sources = new ConfigurationSources
        {
            AppSettingsFile = path + ".none",
            File = path,
            EnvironmentPrefix = prefix,
            Environment = ImmutableDictionary<string, string>.Empty,
        };
        return input => Try<ConfigurationException>(input, content =>
        {
            MemoryFolder.Write(path, content);
            read(sources);
        });
    }

    // The file was refused with the one exception that operators are told in words.
    private static bool Try<TRefusal>(ReadOnlySpan<byte> input, Action<byte[]> use)
        where TRefusal : Exception
    {
        try
        {
            use(input.ToArray());
            return true;
        }
        catch (TRefusal refusal)
        {
            Check.That(refusal.Message.Length > 0, "a refusal says why");
            return false;
        }
    }
}
