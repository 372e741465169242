using System.Collections.Immutable;
using System.Globalization;
using Tunnel.Hub.Edges.Live;
using Tunnel.Hub.Edges.Presence;
using Tunnel.Hub.Edges.State;
using Tunnel.Shared.Operator;
using Tunnel.Shared.Protocol.Messages;

namespace Tunnel.Hub.Status;

/// <summary>Describes every allowed edge for the status, so that edges that are down are as visible as those that are up.</summary>
internal static class AllowedEdges
{
    // An edge in conflict comes back after at most a minute.
    private static readonly TimeSpan ConflictAge = TimeSpan.FromSeconds(90);

    /// <param name="state">The allowed edges with their secrets.</param>
    /// <param name="connected">The connected edges.</param>
    /// <param name="presences">When the other edges were seen.</param>
    /// <param name="dialling">Returns how the dialling of an edge stands.</param>
    /// <param name="now">The present time.</param>
    /// <returns>All allowed edges, by id.</returns>
    public static ImmutableArray<AllowedEdgeStatus> Describe(
        EdgeState state, ImmutableArray<ConnectedEdgeStatus> connected, EdgePresences presences, Func<string, DialStatus> dialling,
        DateTimeOffset now)
    {
        var live = connected.ToDictionary(edge => edge.EdgeId, StringComparer.Ordinal);
        return [.. state.Entries.Values.OrderBy(entry => entry.Edge.Id, StringComparer.Ordinal)
            .Select(entry =>
            {
                var (fault, proxy, other) = dialling(entry.Edge.Id);
                return Describe(entry, live.GetValueOrDefault(entry.Edge.Id), presences, now) with
                {
                    DialFault = fault,
                    DialProxy = proxy,
                    DialledBy = other,
                };
            })];
    }

    private static AllowedEdgeStatus Describe(EdgeEntry entry, ConnectedEdgeStatus? live, EdgePresences presences, DateTimeOffset now)
    {
        var presence = presences.Find(entry.Edge.Id, out var conflict, out var refused);

        // The process that was turned away may have taken over since; base peers name no process.
        var isOver = live is null || !(now - conflict?.Time < ConflictAge) || (live.Instance is { } known && known == conflict?.Instance);
        conflict = isOver ? null : conflict;
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
            DialAddress = entry.Edge.DialTarget?.ToString(),
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
        // The edge was enabled again and is not back yet, or it is just about to end.
        (true, EdgeCondition.Disabled) => EdgeCondition.Disconnected,
        (true, EdgeCondition.Connected) => EdgeCondition.Network,
        (true, { } condition) => condition,
    };

    private static EdgePortsStatus Ports(string proto, ImmutableArray<int> wanted, ConnectedEdgeStatus? live) => new(
        PortList.Format(wanted),
        PortList.Format(live?.Bound.Where(port => port.Proto == proto).SelectMany(port => port.Numbers()) ?? []),
        // Ranges are kept as the edge reports them: a range from a hostile edge is not expanded.
        string.Join(',', live?.FailedPorts.Where(port => port.Proto == proto).Select(Range) ?? []));

    private static string Range(FailedPort port) =>
        port.To is { } last
            ? string.Create(CultureInfo.InvariantCulture, $"{port.Port}-{last}")
            : port.Port.ToString(CultureInfo.InvariantCulture);
}
