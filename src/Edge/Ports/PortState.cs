using System.Collections.Immutable;
using Tunnel.Edge.Endpoints;
using Tunnel.Edge.Status;

namespace Tunnel.Edge.Ports;

/// <summary>The ports that are bound and those that could not be, at one moment.</summary>
internal sealed record PortState(ImmutableArray<PortKey> Bound, PortFailures Failed)
{
    public ImmutableArray<int> NumbersOf(PortProtocol protocol) =>
        [.. Bound.Where(port => port.Protocol == protocol).Select(port => port.Number)];

    public ImmutableArray<EdgePortFailure> ToFailures() =>
        [.. Failed.Select(static failure => new EdgePortFailure(
            failure.Ports.First, failure.Ports.ProtocolName, failure.Error, failure.Ports.Last > failure.Ports.First
                ? failure.Ports.Last
                : null))];
}
