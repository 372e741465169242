using System.Collections.Immutable;

namespace Tunnel.Hub.Status;

/// <summary>The hub's certificate and the one that shall follow it.</summary>
/// <param name="Pin">The present one's pin, SHA-256 of its key in base64url.</param>
/// <param name="NextPin">That of the next one; null when there is none.</param>
/// <param name="EdgesNotTold">
/// Enabled edges that have not taken up a configuration with the next pin since the hub's start: after the switch they need new tokens
/// unless theirs name it.
/// </param>
public sealed record CertificateStatus(string Pin, string? NextPin, ImmutableArray<string> EdgesNotTold)
{
    /// <summary>From when on the present one is valid no more. Edges with pins do not look at that.</summary>
    public DateTimeOffset Expires { get; init; }

    /// <summary>From when on the next one is valid no more; null when there is none.</summary>
    public DateTimeOffset? NextExpires { get; init; }
}
