using Tunnel.Edge.Endpoints;
using Tunnel.Edge.Ports;
using Tunnel.Edge.Status;
using Tunnel.Shared.Protocol.Messages;

namespace Tunnel.Edge.Configuring;

/// <summary>Creates the report that tells the hub which ports are bound (protocol.md section 2.6).</summary>
internal static class PortReport
{
    // A REPORT has at most 64 KiB. These limits leave room at 29 bytes per bound port, 40 per run of them and at most 142 per failed run.
    private const int MaxBoundRuns = 700;

    // Hubs that don't know runs of bound ports assign no more than this.
    private const int MaxBound = 1000;
    private const int MaxFailed = 250;
    private const int MaxErrorLength = 90;

    public static Report Create(long revision, PortState state) => new()
    {
        Kind = Report.ConfigApplied,
        Rev = revision,
        Bound = state.Bound.Length <= MaxBound
            ? [.. state.Bound.Select(port => new BoundPort(port.Number, port.ProtocolName))]
            : [.. PortRun.Join(state.Bound.Select(port => KeyValuePair.Create(port, true))).Take(MaxBoundRuns).Select(
                run => ToBound(run.Ports))],
        Failed = [.. state.ToFailures().Take(MaxFailed).Select(ToFailed)],
    };

    private static BoundPort ToBound(PortRun run) => new(run.First, run.ProtocolName, run.Last > run.First ? run.Last : null);

    private static FailedPort ToFailed(EdgePortFailure failure) => new(
        failure.Port, failure.Proto, failure.Error.Length <= MaxErrorLength ? failure.Error : failure.Error[..MaxErrorLength], failure.To);
}
