namespace Tunnel.Hub.Edges.Allowed;

/// <summary>The outcome of an authentication.</summary>
public enum AuthenticationStatus
{
    /// <summary>The id is unknown, the secret wrong or expired, or the edge disabled; these are not told apart.</summary>
    Refused,

    /// <summary>The edge may connect.</summary>
    Accepted,

    /// <summary>Too many secrets are being checked now; the edge is to try later.</summary>
    Busy,
}

/// <summary>The result of checking an id and a secret.</summary>
/// <param name="Status">The outcome.</param>
/// <param name="Edge">The edge; null unless accepted.</param>
/// <param name="SecretId">Which of the edge's secrets matched, for <see cref="IAllowedEdges.IsStillValid"/>; empty unless
/// accepted.</param>
public readonly record struct AuthenticationResult(AuthenticationStatus Status, AllowedEdge? Edge, Guid SecretId)
{
    /// <summary>The result of a refusal, whatever its reason.</summary>
    public static AuthenticationResult Refused => default;

    /// <summary>The result when the hub is too busy to check.</summary>
    public static AuthenticationResult Busy => new(AuthenticationStatus.Busy, null, Guid.Empty);

    /// <summary>Returns the result of a success.</summary>
    public static AuthenticationResult Accepted(AllowedEdge edge, Guid secretId) => new(AuthenticationStatus.Accepted, edge, secretId);
}
