using System.Collections.Immutable;

namespace Tunnel.Hub.Status;

/// <summary>The hub's certificate and the one that will replace it.</summary>
/// <param name="Pin">The pin of the present certificate: SHA-256 of its key in base64url.</param>
/// <param name="NextPin">The pin of the next certificate; null when there is none.</param>
/// <param name="EdgesNotTold">
/// Enabled edges that have not applied a configuration with the next pin since the hub's start: after the switch they need new tokens,
/// unless their present tokens name it.
/// </param>
public sealed record CertificateStatus(string Pin, string? NextPin, ImmutableArray<string> EdgesNotTold)
{
    /// <summary>When the present certificate's validity ends. Edges with pins do not check it.</summary>
    public DateTimeOffset Expires { get; init; }

    /// <summary>When the next certificate's validity ends; null when there is none.</summary>
    public DateTimeOffset? NextExpires { get; init; }
}
