using System.Collections.Immutable;
using Tunnel.Shared.Protocol.Addresses;

namespace Tunnel.Shared.Protocol.Tokens;

/// <summary>A further hub of an edge (protocol.md section 7): where it is, and by which certificate the edge knows it.</summary>
/// <param name="Host">Its host name or address.</param>
/// <param name="Port">Its tunnel port, 1–65535.</param>
/// <param name="Pins">Pins of its certificate; empty: those of the first hub.</param>
public sealed record HubAddress(string Host, int Port, ImmutableArray<string> Pins)
{
    /// <summary>The most hubs that an edge may have beside its first.</summary>
    public const int MaxFurther = 7;

    /// <summary>Writes <c>HOST:PORT</c>, with brackets around an IPv6 address.</summary>
    public override string ToString() => HostSyntax.Format(Host, Port);

    /// <summary>Compares by value, including the pins.</summary>
    public bool Equals(HubAddress? other) =>
        other is not null && (Host, Port) == (other.Host, other.Port) && Pins.AsSpan().SequenceEqual(other.Pins.AsSpan());

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Host, Port);
}
