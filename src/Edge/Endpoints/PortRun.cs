using System.Collections.Immutable;

namespace Tunnel.Edge.Endpoints;

/// <summary>Consecutive ports of one protocol, so that thousands of them can be reported as one entry.</summary>
internal readonly record struct PortRun(PortProtocol Protocol, int First, int Last)
{
    /// <inheritdoc cref="PortKey.ProtocolName"/>
    public string ProtocolName => new PortKey(Protocol, First).ProtocolName;

    public override string ToString() => First == Last ? new PortKey(Protocol, First).ToString() : $"{new PortKey(Protocol, First)}-{Last}";

    public bool Contains(PortKey port) => port.Protocol == Protocol && port.Number >= First && port.Number <= Last;

    /// <summary>Joins consecutive ports that have the same value. The ports must be in ascending order.</summary>
    public static ImmutableArray<(PortRun Ports, T Value)> Join<T>(IEnumerable<KeyValuePair<PortKey, T>> ports)
    {
        var runs = ImmutableArray.CreateBuilder<(PortRun Ports, T Value)>();
        foreach ((var port, var value) in ports)
        {
            if (runs.Count > 0 && runs[^1] is var (last, before) && last.Protocol == port.Protocol && last.Last + 1 == port.Number
                && EqualityComparer<T>.Default.Equals(before, value))
            {
                runs[^1] = (last with { Last = port.Number }, value);
            }
            else
            {
                runs.Add((new PortRun(port.Protocol, port.Number, port.Number), value));
            }
        }

        return runs.DrainToImmutable();
    }
}
