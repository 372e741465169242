using System.Collections.Immutable;

namespace Tunnel.Shared.Protocol.Messages;

/// <summary>Reads a REPORT (protocol.md section 2.6).</summary>
internal static class ReportParser
{
    // Every port of both protocols; the message's size is the tighter limit.
    private const int MaxPorts = 2 * Port.Max;

    // The hub makes far fewer, however many it is asked for.
    private const int MaxLanes = 1024;

    private static readonly MessageMembers Members =
        new("", "kind", "rev", "bound", "failed", "blocked", "publicIp", "publicIpv6", "firewall", "kept", "lanes");
    private static readonly MessageMembers FirewallMembers = new("firewall.", "state", "mode", "errors", "drift");
    private static readonly MessageMembers DriftMembers = new("firewall.drift.", "count", "what", "mended");
    private static readonly MessageMembers KeptMembers = new("kept.", "secret", "address", "error");
    private static readonly MessageMembers BoundMembers = new("bound.", "port", "proto", "to");
    private static readonly MessageMembers FailedMembers = new("failed.", "port", "proto", "error", "to");

    public static Report Read(ref MessageReader reader)
    {
        var report = new Report();
        var seen = 0u;
        while (reader.NextMember(Members, ref seen, out var member))
        {
            report = member switch
            {
                "kind" => report with { Kind = reader.Text(member, ControlMessage.MaxText) },
                "rev" => report with { Rev = reader.Number(member, 0, long.MaxValue) },
                "bound" => report with { Bound = ReadBound(ref reader) },
                "failed" => report with { Failed = ReadFailed(ref reader) },
                "blocked" => report with { BlockedClients = BlockedReportParser.Read(ref reader) },
                "publicIp" => report with { PublicIp = reader.Text(member, ControlMessage.MaxText) },
                "publicIpv6" => report with { PublicIpv6 = reader.Text(member, ControlMessage.MaxText) },
                "kept" => report with { KeptRenewals = ReadKept(ref reader) },
                "lanes" => report with { Lanes = (int)reader.Number(member, 1, MaxLanes) },
                _ => report with { FirewallState = ReadFirewall(ref reader) },
            };
        }

        return report;
    }

    private static FirewallReport ReadFirewall(ref MessageReader reader)
    {
        if (!reader.IsObject)
            throw new FormatException($"{FirewallMembers.Path}: {reader.Value()} is not an object");

        var firewall = new FirewallReport();
        var seen = 0u;
        while (reader.NextMember(FirewallMembers, ref seen, out var member))
        {
            var path = FirewallMembers.PathOf(member);
            firewall = member switch
            {
                "state" => firewall with { State = reader.Text(path, ControlMessage.MaxText) },
                "mode" => firewall with { Mode = reader.Text(path, ControlMessage.MaxText) },
                "errors" => firewall with { Errors = reader.Texts(path, FirewallReport.MaxErrors, ControlMessage.MaxText) },
                _ => firewall with { Drift = ReadDrift(ref reader) },
            };
        }

        return firewall;
    }

    private static KeptReport ReadKept(ref MessageReader reader)
    {
        if (!reader.IsObject)
            throw new FormatException($"{KeptMembers.Path}: {reader.Value()} is not an object");

        var kept = new KeptReport();
        var seen = 0u;
        while (reader.NextMember(KeptMembers, ref seen, out var member))
        {
            var path = KeptMembers.PathOf(member);
            kept = member switch
            {
                "secret" => kept with { Secret = reader.Boolean(path) },
                "address" => kept with { Address = reader.Text(path, ControlMessage.MaxText) },
                _ => kept with { Error = reader.Text(path, ControlMessage.MaxText) },
            };
        }

        return kept;
    }

    private static FirewallDrift ReadDrift(ref MessageReader reader)
    {
        if (!reader.IsObject)
            throw new FormatException($"{DriftMembers.Path}: {reader.Value()} is not an object");

        var drift = new FirewallDrift(1, "", false);
        var seen = 0u;
        while (reader.NextMember(DriftMembers, ref seen, out var member))
        {
            var path = DriftMembers.PathOf(member);
            drift = member switch
            {
                "count" => drift with { Count = reader.Number(path, 1, long.MaxValue) },
                "what" => drift with { What = reader.Text(path, ControlMessage.MaxText) },
                _ => drift with { Mended = reader.Boolean(path) },
            };
        }

        return drift;
    }

    private static ImmutableArray<BoundPort> ReadBound(ref MessageReader reader)
    {
        var ports = ImmutableArray.CreateBuilder<BoundPort>();
        var total = 0;
        reader.BeginArray("bound");
        while (reader.NextItem("bound", ports.Count, MaxPorts))
        {
            var (port, proto, _, to) = ReadPort(ref reader, BoundMembers);
            var bound = new BoundPort(port, proto, to > port ? to : null);
            // With ranges, a small message could name more ports than anybody should enumerate.
            if ((total += bound.Count) > MaxPorts)
                throw new FormatException($"bound: more than {MaxPorts} ports");
            ports.Add(bound);
        }

        return ports.DrainToImmutable();
    }

    private static ImmutableArray<FailedPort> ReadFailed(ref MessageReader reader)
    {
        var ports = ImmutableArray.CreateBuilder<FailedPort>();
        reader.BeginArray("failed");
        while (reader.NextItem("failed", ports.Count, MaxPorts))
        {
            var (port, proto, error, to) = ReadPort(ref reader, FailedMembers);
            // A range that ends before it begins counts as its first port.
            ports.Add(new FailedPort(port, proto, error, to > port ? to : null));
        }

        return ports.DrainToImmutable();
    }

    private static (int Port, string Proto, string Error, int? To) ReadPort(ref MessageReader reader, MessageMembers members)
    {
        if (!reader.IsObject)
            throw new FormatException($"{members.Path}: {reader.Value()} is not an object");

        var (port, proto, error) = (0, "", "");
        int? to = null;
        var seen = 0u;
        while (reader.NextMember(members, ref seen, out var member))
        {
            switch (member)
            {
                case "port":
                    port = (int)reader.Number(members.PathOf(member), Port.Min, Port.Max);
                    break;
                case "proto":
                    proto = ReadProto(ref reader, members.PathOf(member));
                    break;
                case "to":
                    to = (int)reader.Number(members.PathOf(member), Port.Min, Port.Max);
                    break;
                default:
                    error = reader.Text(members.PathOf(member), ControlMessage.MaxText);
                    break;
            }
        }

        // There is no default port or protocol, so an entry without one means nothing.
        if (port == 0)
            throw new FormatException($"{members.PathOf("port")}: missing");
        if (proto.Length == 0)
            throw new FormatException($"{members.PathOf("proto")}: missing");
        return (port, proto, error, to);
    }

    internal static string ReadProto(ref MessageReader reader, string path)
    {
        var proto = reader.Text(path, ControlMessage.MaxText);
        return proto is "tcp" or "udp" ? proto : throw new FormatException($"{path}: {reader.Value()} is not \"tcp\" or \"udp\"");
    }
}
