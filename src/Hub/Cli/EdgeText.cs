using Tunnel.Hub.Edges.Presence;
using Tunnel.Hub.Status;
using Tunnel.Shared.Text;

namespace Tunnel.Hub.Cli;

/// <summary>Describes an edge's state for people.</summary>
internal static class EdgeText
{
    /// <summary>Returns a word or two for a table.</summary>
    /// <param name="edge">The edge.</param>
    /// <param name="isShared">Whether hubs share their state, so that it may be at another one.</param>
    public static string Word(AllowedEdgeStatus edge, bool isShared) => edge.State switch
    {
        EdgeCondition.Conflict => "conflict",
        _ when EdgeHealth.MayBeElsewhere(edge, isShared) => "not here",
        EdgeCondition.Connected => "connected",
        EdgeCondition.Disabled => "disabled",
        EdgeCondition.SecretExpired => "secret expired",
        EdgeCondition.Network => "DOWN: network",
        EdgeCondition.Stopped => "DOWN: stopped",
        EdgeCondition.Disconnected => "DOWN: disconnected",
        EdgeCondition.ProtocolError => "DOWN: protocol error",
        EdgeCondition.HubRestart => "DOWN: not back",
        _ => "never seen",
    };

    /// <summary>Returns how long the edge has been in this state.</summary>
    public static string Since(AllowedEdgeStatus edge, DateTimeOffset now) =>
        (edge.ConnectedSince ?? edge.LastSeen) is { } since ? TimeText.Format(now - since) : "-";

    /// <summary>Returns the number of secrets, and when old ones expire.</summary>
    public static string Secrets(AllowedEdgeStatus edge, DateTimeOffset now) => edge.SecretsEnd.IsEmpty
        ? $"{edge.Secrets}"
        : $"{edge.Secrets}, {(edge.SecretsEnd.Length == 1 ? "the older one ends" : $"{edge.SecretsEnd.Length} older ones end")} in "
            + $"{TimeText.Format(edge.SecretsEnd[^1] - now)}";

    /// <summary>Returns lines about what an operator has to know and a table has no room for.</summary>
    public static IEnumerable<string> Lines(AllowedEdgeStatus edge, DateTimeOffset now)
    {
        if (edge is { ConnectedSince: null, LastSeen: { } seen })
        {
            yield return $"{edge.EdgeId} was last seen at {TimeText.Format(seen)}, {TimeText.Format(now - seen)} ago, from "
                + $"{edge.Remote}{(edge.Detail is { } why ? $": {why}" : "")}";
        }

        if (edge is { ConnectedSince: null, DialledBy: { } other })
            yield return $"{edge.EdgeId} is dialled by {other}, which shares this hub's state";
        if (edge.DialFault is { } fault)
            yield return $"{edge.EdgeId} can't be dialled at {edge.DialAddress}: {fault}";
        if (edge is { State: EdgeCondition.SecretExpired })
            yield return $"{edge.EdgeId} needs a new token: tunnel-hub edge token {edge.EdgeId}";
        if (edge is { ConnectedSince: null, Refused: { } refused })
        {
            yield return $"{edge.EdgeId} was refused {TimeText.Format(now - refused.Time)} ago from {refused.Remote}: "
                + $"{(edge.State == EdgeCondition.Disabled ? "it is disabled" : "no valid secret")}";
        }

        if (edge.Conflict is { } conflict)
        {
            yield return $"{edge.EdgeId} is wanted by another process too, from {conflict.Remote}, "
                + $"{TimeText.Format(now - conflict.Time)} ago: stop one of the two";
        }

        if (edge.OwnSecretEnds is { } end)
        {
            yield return $"{edge.EdgeId} is connected with an old secret, which ends in {TimeText.Format(end - now)}, and its tunnels "
                + "with it: it needs its new token, unless rotate-secret --push has given it the secret";
        }
        else if (!edge.SecretsEnd.IsEmpty)
        {
            yield return $"{edge.EdgeId} has {edge.Secrets} secrets: {Secrets(edge, now).Split(", ", 2)[1]}";
        }
    }
}
