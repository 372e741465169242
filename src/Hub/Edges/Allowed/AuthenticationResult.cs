namespace Tunnel.Hub.Edges.Allowed;

/// <summary>How an authentication ended.</summary>
public enum AuthenticationStatus
{
    /// <summary>Unknown id, wrong secret, disabled or expired: not told apart.</summary>
    Refused,

    /// <summary>The edge may come in.</summary>
    Accepted,

    /// <summary>Too many secrets are being checked at present; try later.</summary>
    Busy,
}

/// <summary>The answer to an id and a secret.</summary>
/// <param name="Status">How it ended.</param>
/// <param name="Edge">The edge; null unless accepted.</param>
/// <param name="SecretId">Which of the edge's secrets it was, for <see cref="IAllowedEdges.IsStillValid"/>; empty unless accepted.</param>
public readonly record struct AuthenticationResult(AuthenticationStatus Status, AllowedEdge? Edge, Guid SecretId)
{
    /// <summary>Refused, whatever the reason.</summary>
    public static AuthenticationResult Refused => default;

    /// <summary>Too busy to check.</summary>
    public static AuthenticationResult Busy => new(AuthenticationStatus.Busy, null, Guid.Empty);

    /// <summary>Accepted.</summary>
    public static AuthenticationResult Accepted(AllowedEdge edge, Guid secretId) => new(AuthenticationStatus.Accepted, edge, secretId);
}
