using Tunnel.Edge.Ports;
using Tunnel.Edge.Status;
using Tunnel.Shared.Protocol.Messages;

namespace Tunnel.Edge.Configuring;

/// <summary>Says to the hub what is bound (protocol.md section 2.6).</summary>
internal static class PortReport
{
    // A REPORT has at most 64 KiB: 29 bytes for a bound port and at most 142 for a failed run of them leave room.
    private const int MaxBound = 1000;
    private const int MaxFailed = 250;
    private const int MaxErrorLength = 90;

    public static Report Create(long revision, PortState state) => new()
    {
        Kind = Report.ConfigApplied,
        Rev = revision,
        Bound = [.. state.Bound.Take(MaxBound).Select(port => new BoundPort(port.Number, port.ProtocolName))],
        Failed = [.. state.ToFailures().Take(MaxFailed).Select(ToFailed)],
    };

    private static FailedPort ToFailed(EdgePortFailure failure) => new(
        failure.Port, failure.Proto, failure.Error.Length <= MaxErrorLength ? failure.Error : failure.Error[..MaxErrorLength], failure.To);
}
