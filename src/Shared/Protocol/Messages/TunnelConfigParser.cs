using System.Collections.Immutable;
using Tunnel.Shared.Protocol.Addresses;

namespace Tunnel.Shared.Protocol.Messages;

/// <summary>Reads a configuration (protocol.md section 2.3).</summary>
internal static class TunnelConfigParser
{
    private const int MaxPins = 16;
    private const int MaxRedialSpread = 60_000;

    private static readonly MessageMembers Members =
        new("", "listenPorts", "listenPortsUdp", "stunIntervalSecs", "firewallConfig", "ports", "hub");

    private static readonly MessageMembers HubMembers =
        new(
            "hub.", "version", "features", "tunnelId", "maxFrame", "initialWindow", "rev", "pins", "seenAs", "contested", "secret",
            "address", "resumeGrace", "redialSpread", "state", "machine");

    public static TunnelConfig Read(ref MessageReader reader)
    {
        var config = new TunnelConfig();
        var seen = 0u;
        while (reader.NextMember(Members, ref seen, out var member))
        {
            config = member switch
            {
                "listenPorts" => config with { ListenPorts = reader.Ports(member) },
                "listenPortsUdp" => config with { ListenPortsUdp = reader.Ports(member) },
                "stunIntervalSecs" => config with { StunIntervalSecs = (int)reader.Number(member, 0, int.MaxValue) },
                "firewallConfig" => config with { FirewallConfig = reader.Object(member) },
                "ports" => config with { Ports = ReadPorts(ref reader) },
                _ => config with { Hub = ReadHub(ref reader) },
            };
        }

        return config;
    }

    private static ImmutableSortedDictionary<string, EdgePortPolicy> ReadPorts(ref MessageReader reader)
    {
        // This member is ours, as `hub` is.
        if (reader.IsObject)
            return EdgePortPolicyParser.Read(ref reader);
        reader.Skip();
        return TunnelConfig.NoPolicies;
    }

    private static HubInfo? ReadHub(ref MessageReader reader)
    {
        if (!reader.IsObject)
        {
            // The member `hub` is ours. If it is not an object, it comes from a base hub with another meaning, and is skipped like any
            // unknown member.
            reader.Skip();
            return null;
        }

        var hub = new HubInfo();
        var seen = 0u;
        while (reader.NextMember(HubMembers, ref seen, out var member))
        {
            var path = HubMembers.PathOf(member);
            hub = member switch
            {
                "version" => hub with { Version = reader.Text(path, ControlMessage.MaxText) },
                "features" => hub with { Features = reader.Texts(path, ControlMessage.MaxFeatures, ControlMessage.MaxFeatureLength) },
                "tunnelId" => hub with { TunnelId = reader.Text(path, ControlMessage.MaxText) },
                "machine" => hub with { Machine = reader.Text(path, ControlMessage.MaxText) },
                "maxFrame" => hub with { MaxFrame = (int)reader.Number(path, 0, int.MaxValue) },
                "initialWindow" => hub with { InitialWindow = (int)reader.Number(path, 0, int.MaxValue) },
                "resumeGrace" => hub with { ResumeGrace = (int)reader.Number(path, 0, int.MaxValue) },
                "redialSpread" => hub with { RedialSpread = (int)reader.Number(path, 0, MaxRedialSpread) },
                "rev" => hub with { Rev = reader.Number(path, 0, long.MaxValue) },
                "state" => hub with { State = reader.Number(path, 0, long.MaxValue) },
                "pins" => hub with { Pins = reader.Texts(path, MaxPins, ControlMessage.MaxText) },
                "secret" => hub with { Secret = reader.SecretText(path, ControlMessage.MaxText) },
                "address" => hub with { Address = reader.Text(path, ControlMessage.MaxText) },
                "contested" => hub with { Contested = reader.Boolean(path) },
                // A value that is not an address is dropped: it is only for people to read, and no reason to be without a configuration.
                _ =>
                    hub with
                    {
                        SeenAs = HostSyntax.TryParseAddress(
                        reader.Text(path, ControlMessage.MaxText), out var address) ? address : null
                    },
            };
        }

        return hub;
    }
}
