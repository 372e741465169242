using System.Collections.Immutable;
using System.Globalization;
using Tunnel.Hub.Edges.Presence;
using Tunnel.Hub.Edges.State;
using Tunnel.Shared.Operator;
using Tunnel.Shared.Protocol.Messages;

namespace Tunnel.Hub.Status;

/// <summary>What the status says of every allowed edge: who is down is as easily seen as who is up.</summary>
internal static class AllowedEdges
{
    // An edge in conflict comes again after a minute at most.
    private static readonly TimeSpan ConflictAge = TimeSpan.FromSeconds(90);

    /// <param name="state">The allowed edges with their secrets.</param>
    /// <param name="connected">Those that are connected.</param>
    /// <param name="presences">When the others were seen.</param>
    /// <param name="now">The present time.</param>
    /// <returns>All, by id.</returns>
    public static ImmutableArray<AllowedEdgeStatus> Describe(
        EdgeState state, ImmutableArray<ConnectedEdgeStatus> connected, EdgePresences presences, DateTimeOffset now)
    {
        var live = connected.ToDictionary(edge => edge.EdgeId, StringComparer.Ordinal);
        return [.. state.Entries.Values.OrderBy(entry => entry.Edge.Id, StringComparer.Ordinal)
            .Select(entry => Describe(entry, live.GetValueOrDefault(entry.Edge.Id), presences, now))];
    }

    private static AllowedEdgeStatus Describe(EdgeEntry entry, ConnectedEdgeStatus? live, EdgePresences presences, DateTimeOffset now)
    {
        var presence = presences.Find(entry.Edge.Id, out var conflict, out var refused);
        conflict = live is not null && now - conflict?.Time < ConflictAge ? conflict : null;
        var valid = entry.Secrets.Items.Where(secret => secret.IsValid(now)).ToArray();
        var state = live is null
            ? WhyGone(entry.Edge.Enabled, presence)
            : conflict is null
            ? EdgeCondition.Connected
            : EdgeCondition.Conflict;
        return new AllowedEdgeStatus
        {
            EdgeId = entry.Edge.Id,
            State = state,
            Detail = live is null && state == presence?.Condition ? presence.Detail : null,
            ConnectedSince = live?.Since,
            LastSeen = live is null ? presence?.LastSeen : now,
            Remote = live?.Remote ?? presence?.Remote,
            Conflict = conflict,
            Refused = refused,
            Secrets = valid.Length,
            SecretsEnd = [.. valid.Select(secret => secret.ExpiresAt).OfType<DateTimeOffset>().Order()],
            OwnSecretEnds = valid.FirstOrDefault(secret => secret.Id == live?.SecretId)?.ExpiresAt,
            Tcp = Ports("tcp", entry.Edge.TcpPorts, live),
            Udp = Ports("udp", entry.Edge.UdpPorts, live),
        };
    }

    private static EdgeCondition WhyGone(bool isEnabled, EdgePresence? presence) => (isEnabled, presence?.Condition) switch
    {
        (false, _) => EdgeCondition.Disabled,
        (true, null) => EdgeCondition.NeverSeen,
        // Switched on again, and not back yet; or just about to go.
        (true, EdgeCondition.Disabled) => EdgeCondition.Disconnected,
        (true, EdgeCondition.Connected) => EdgeCondition.Network,
        (true, { } condition) => condition,
    };

    private static EdgePortsStatus Ports(string proto, ImmutableArray<int> wanted, ConnectedEdgeStatus? live) => new(
        PortList.Format(wanted),
        PortList.Format(live?.Bound.Where(port => port.Proto == proto).SelectMany(port => port.Numbers()) ?? []),
        // As the edge has put them together: a range of a hostile one is not counted out.
        string.Join(',', live?.FailedPorts.Where(port => port.Proto == proto).Select(Range) ?? []));

    private static string Range(FailedPort port) =>
        port.To is { } last
            ? string.Create(CultureInfo.InvariantCulture, $"{port.Port}-{last}")
            : port.Port.ToString(CultureInfo.InvariantCulture);
}
