using System.Globalization;
using Tunnel.Hub.Certificates;
using Tunnel.Hub.Edges.Presence;
using Tunnel.Hub.Targets.Pools;
using Tunnel.Hub.Traffic;
using Tunnel.Shared.Text;

namespace Tunnel.Hub.Status;

/// <summary>Something that an operator should look at.</summary>
/// <param name="Health">How bad it is: what does not work, or what works in part or will not for long.</param>
/// <param name="EdgeId">The edge that it is about; null: the hub itself.</param>
/// <param name="Title">What is wrong, in a few words.</param>
/// <param name="Detail">Why, and what to do about it.</param>
internal sealed record Trouble(Health Health, string? EdgeId, string Title, string Detail);

/// <summary>Finds what is wrong, and says it in words: the first thing that an operator has to see.</summary>
internal static class HubTroubles
{
    // An operator who wants to know of all targets of a port looks at the port.
    private const int MaxTargets = 5;

    /// <summary>Lists what is wrong in a state, the worst first.</summary>
    public static IEnumerable<Trouble> Find(HubStatus status, DateTimeOffset now) =>
    [
        .. OfHub(status, now)
            .Concat(status.Edges.SelectMany(edge => OfEdge(edge, status.SharedState is not null, now)))
            .Concat(status.ConnectedEdges.SelectMany(live => OfConnected(live, now)))
            .Concat(status.Ports.SelectMany(OfPort))
            .Concat(status.PortCertificates.Where(certificate => certificate.IsAlarm(now)).Select(one => OfCertificate(one, now)))
            .Concat(status.Authorizers.Where(authorizer => authorizer.Fault is not null).Select(one => OfAuthorizer(one, now)))
            .OrderBy(trouble => trouble.Health),
    ];

    /// <summary>Whether so much of a memory budget is used that streams will soon be reset.</summary>
    /// <param name="used">The bytes that are used.</param>
    /// <param name="budget">The budget in bytes; 0: it is not known.</param>
    public static bool IsNearlyUsedUp(long used, long budget) => budget > 0 && used > 0.8 * budget;

    /// <summary>Lists what is wrong with the hub itself.</summary>
    public static IEnumerable<Trouble> OfHub(HubStatus status, DateTimeOffset now)
    {
        if (status.SharedState?.Fault is { } fault)
        {
            yield return new Trouble(
                Health.Bad, null, "The database that hubs share can't be used",
                $"{fault} Edges and blocks are as last known, and changes are refused until it is back.");
        }

        if (status.CertificateExpires is { } end && end - now < CertificateEnd.Soon)
        {
            yield return new Trouble(
                end <= now ? Health.Bad : Health.Warn, null, $"The hub's certificate {CertificateEnd.Describe(end, now)}",
                "tunnel-hub doctor says what to do.");
        }

        if (IsNearlyUsedUp(status.MemoryUsed, status.MemoryBudget))
        {
            yield return new Trouble(
                Health.Warn, null, "The memory budget is nearly used up",
                $"{ByteText.Format(status.MemoryUsed)} of {ByteText.Format(status.MemoryBudget)} wait to be written; beyond it streams are "
                    + "reset.");
        }

        if (status.TcpMemory?.Describe() is { } memory)
            yield return new Trouble(Health.Warn, null, "The kernel runs out of memory for TCP", memory);
    }

    private static IEnumerable<Trouble> OfEdge(AllowedEdgeStatus edge, bool isShared, DateTimeOffset now)
    {
        var refused = edge is { Refused: { } attempt, ConnectedSince: null }
            ? $" Somebody with its id and no valid secret came from {attempt.Remote} {Ago(attempt.Time, now)}."
            : "";

        if (EdgeHealth.MayBeElsewhere(edge, isShared))
        {
            yield return new Trouble(
                Health.Off, edge.EdgeId, $"{edge.EdgeId} is not at this hub",
                (edge.DialledBy is { } other
                    ? $"{other} dials it, which shares this state."
                    : "It may be at another hub that shares this state: look there.") + refused);
            yield break;
        }

        var dialled = edge.DialFault is { } fault ? $" The hub dials {edge.DialAddress}: {fault}." : "";
        var (health, word) = EdgeHealth.Of(edge, isShared, null, []);
        if (edge.State == EdgeCondition.NeverSeen)
        {
            yield return new Trouble(
                health, edge.EdgeId, $"{edge.EdgeId} has never connected",
                $"Start tunnel-edge with its token; tunnel-edge doctor says what keeps it.{dialled}{refused}");
        }
        else if (edge.State == EdgeCondition.Conflict)
        {
            yield return new Trouble(
                health, edge.EdgeId, $"{edge.EdgeId} is wanted by two processes",
                edge.Conflict is { } other ? $"The other one came from {other.Remote} {Ago(other.Time, now)}: stop one." : "Stop one.");
        }
        else if (health == Health.Bad)
        {
            yield return new Trouble(health, edge.EdgeId, $"{edge.EdgeId} is down: {word}", $"{LastSeen(edge, now)}.{dialled}{refused}");
        }

        if (edge is { ConnectedSince: not null, DialFault: not null })
        {
            yield return new Trouble(
                Health.Warn, edge.EdgeId, $"{edge.EdgeId} can't be dialled at its new address",
                $"It keeps its tunnel until it can.{dialled}");
        }

        if (edge.OwnSecretEnds is { } end)
        {
            yield return new Trouble(
                Health.Warn, edge.EdgeId, $"{edge.EdgeId} is connected with an old secret",
                $"It ends at {TimeText.Format(end)}, and its tunnels with it: give the edge its new token.");
        }
    }

    private static string LastSeen(AllowedEdgeStatus edge, DateTimeOffset now)
    {
        var seen = edge.LastSeen is { } time
            ? $"Last seen {Ago(time, now)} from {edge.Remote ?? "an unknown address"}"
            : "Not seen since the hub remembers";
        return edge.Detail is { } detail ? $"{seen}: {detail}" : seen;
    }

    /// <summary>Lists what is wrong with an edge's tunnel, and ports that the edge can't bind.</summary>
    public static IEnumerable<Trouble> OfTunnel(ConnectedEdgeStatus live, DateTimeOffset now)
    {
        // A range that fails for one reason takes one line, however the edge has divided it.
        foreach (var failed in live.FailedPorts.GroupBy(port => (port.Proto, port.Error)))
        {
            var ports = string.Join(',', failed.Select(port => port.ToString()[(port.Proto.Length + 1)..]));
            yield return new Trouble(
                Health.Bad, live.EdgeId, $"{live.EdgeId} can't listen on {failed.Key.Proto}/{ports}", failed.Key.Error);
        }

        if (live.LostSince is { } lost)
        {
            yield return new Trouble(
                Health.Warn, live.EdgeId, $"{live.EdgeId} has lost its connection",
                $"For {TimeText.Format(now - lost)} {CountText.Of(live.ActiveStreams, "stream")} "
                    + (live.ActiveStreams == 1 ? "has waited for another one." : "have waited for another one."));
        }
    }

    /// <summary>Lists what somebody else has changed of an edge's firewall.</summary>
    public static IEnumerable<Trouble> OfDrift(ConnectedEdgeStatus live)
    {
        if (live.Firewall?.Drift is { } drift)
        {
            yield return new Trouble(
                Health.Warn, live.EdgeId, $"{live.EdgeId}: somebody else changed its firewall",
                $"{drift.What}, {(drift.Mended ? "put back" : "not put back")}.");
        }
    }

    private static IEnumerable<Trouble> OfConnected(ConnectedEdgeStatus live, DateTimeOffset now) =>
    [
        .. OfTunnel(live, now),
        .. EdgeHealth.LacksFirewall(live)
            ? [new Trouble(Health.Warn, live.EdgeId, $"{live.EdgeId}: its firewall is not in force", live.Firewall!.Fault!)]
            : Array.Empty<Trouble>(),
        .. OfDrift(live),
    ];

    private static IEnumerable<Trouble> OfPort(PortStatus port)
    {
        var name = Text($"{port.EdgeId} {port.Proto}/{port.Port}");
        var down = PortHealth.TargetsDown(port).ToArray();
        if (port is { Listening: true, Healthy: false })
        {
            yield return new Trouble(
                Health.Bad, port.EdgeId, $"{name}: the target can't be reached",
                down.Length > 0
                    ? Describe(down)
                    : $"Failed so far: {string.Join(", ", port.Errors.Select(error => Text($"{error.Key} {error.Value}")))}.");
        }
        else if (down.Length > 0)
        {
            yield return new Trouble(
                Health.Warn, port.EdgeId, Text($"{name}: {down.Length} of {port.Targets.Length} targets get no clients"), Describe(down));
        }

        foreach (var why in AdmissionText.Reduced(port))
            yield return new Trouble(Health.Warn, port.EdgeId, $"{name}: fewer new clients are let in than may be", why);
        if (port.Doubt is { } doubt)
            yield return new Trouble(Health.Warn, port.EdgeId, $"{name}: PROXY header in doubt", doubt);
    }

    private static string Describe(IEnumerable<TargetStatus> targets) =>
        string.Join("; ", targets.Take(MaxTargets).Select(TargetText.Line));

    private static Trouble OfCertificate(PortCertificateStatus certificate, DateTimeOffset now)
    {
        var what = certificate.ForTargets ? "what targets are shown" : "the certificate";
        var names = certificate.Names.IsDefaultOrEmpty ? "" : $" ({string.Join(", ", certificate.Names)})";
        var happens = certificate switch
        {
            { Fault: null, Expires: { } end } => CertificateEnd.Describe(end, now),
            { KeepsOld: true } => "has changed and can't be used",
            _ => "can't be used",
        };
        var follows = certificate.IsBroken(now)
            ? "Clients who need it are reset or warned."
            : certificate.KeepsOld
                ? "What was there before is used."
                : "Put a new one into the files; the hub takes it by itself.";
        return new Trouble(
            certificate.IsBroken(now) ? Health.Bad : Health.Warn, certificate.EdgeId,
            $"{certificate.EdgeId} tcp/{certificate.Ports}: {what} {happens}",
            $"{certificate.Path}{names}{(certificate.Fault is { } fault ? $": it {fault}" : "")}. {follows}");
    }

    private static Trouble OfAuthorizer(AuthorizerStatus authorizer, DateTimeOffset now) => new(
        authorizer.FailOpen ? Health.Warn : Health.Bad, authorizer.EdgeId,
        $"{authorizer.EdgeId} tcp/{authorizer.Ports}: authorizeUrl gives no answer, and clients are "
            + (authorizer.FailOpen ? "let in unasked" : "refused"),
        $"{authorizer.Url}{(authorizer.FaultSince is { } since ? $", for {TimeText.Format(now - since)}" : "")}: {authorizer.Fault}");

    private static string Ago(DateTimeOffset time, DateTimeOffset now) => $"{TimeText.Format(now - time)} ago";

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
