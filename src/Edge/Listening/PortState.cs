using System.Collections.Immutable;

namespace Tunnel.Edge.Listening;

/// <summary>What is bound and what could not be, at one moment.</summary>
internal sealed record PortState(ImmutableArray<PortKey> Bound, ImmutableSortedDictionary<PortKey, string> Failed)
{
    public ImmutableArray<int> NumbersOf(PortProtocol protocol) =>
        [.. Bound.Where(port => port.Protocol == protocol).Select(port => port.Port)];

    public ImmutableArray<EdgePortFailure> ToFailures() =>
        [.. Failed.Select(failure => new EdgePortFailure(failure.Key.Port, failure.Key.ProtocolName, failure.Value))];
}
