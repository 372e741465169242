namespace Tunnel.Hub.Forwarding.Authorizing;

/// <summary>The fault of an <c>authorizeUrl</c> that does not answer.</summary>
/// <param name="Reason">Why, in words.</param>
/// <param name="Since">Since when.</param>
internal sealed record AuthorizeFault(string Reason, DateTimeOffset Since);
