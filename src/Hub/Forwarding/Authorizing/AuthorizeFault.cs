namespace Tunnel.Hub.Forwarding.Authorizing;

/// <summary>That an <c>authorizeUrl</c> does not answer.</summary>
/// <param name="Reason">Why, in words.</param>
/// <param name="Since">Since when.</param>
internal sealed record AuthorizeFault(string Reason, DateTimeOffset Since);
