using Tunnel.Hub.Edges.Presence;
using Tunnel.Hub.Status;
using Tunnel.Shared.Checks;
using Tunnel.Shared.Text;

namespace Tunnel.Hub.Doctor;

/// <summary>Checks that the enabled edges are connected and have bound their ports.</summary>
internal sealed class EdgesCheck(TimeProvider time) : ICheck<HubDoctorContext>
{
    public string Name => "edges";

    public Task<CheckResult> RunAsync(HubDoctorContext context, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        string[] down =
        [
            .. context.Status.Edges.Where(edge => edge is { ConnectedSince: null, State: not EdgeCondition.Disabled })
                .Select(
                    edge => edge.LastSeen is { } seen
                    ? $"{edge.EdgeId} (last seen {TimeText.Format(now - seen)} ago{By(edge)})"
                    : $"{edge.EdgeId} (never seen{By(edge)})"),
        ];
        string[] failed = [
            .. context.Status.ConnectedEdges.SelectMany(edge => edge.FailedPorts.Select(port => $"{edge.EdgeId} {port}: {port.Error}"))];
        var shown = $"{context.Status.ConnectedEdges.Length} of {context.Status.AllowedEdges} connected";
        if (failed.Length > 0)
        {
            return Answer(
                CheckStatus.Failed, $"{shown}; can't be bound: {string.Join("; ", failed)}",
                "the reason is the edge's: another program has the port there, or its own settings forbid the port");
        }

        if (down.Length > 0 && context.Status.SharedState is not null)
        {
            return Answer(
                CheckStatus.Ok, $"{shown} to this hub; not {string.Join(", ", down)}, which may be at another hub that shares this state",
                "tunnel-hub status at each hub says which edges are there");
        }

        return down.Length > 0
            ? Answer(
                CheckStatus.Warning, $"{shown}; not {string.Join(", ", down)}",
                "at the edge: tunnel-edge doctor; here: tunnel-hub status says why it went")
            : Answer(CheckStatus.Ok, shown, null);
    }

    private static string By(AllowedEdgeStatus edge) => edge.DialledBy is { } other ? $", {other} dials it" : "";

    private Task<CheckResult> Answer(CheckStatus status, string detail, string? advice) =>
        Task.FromResult(new CheckResult(Name, status, detail, advice));
}
