namespace Tunnel.Hub.Edges.Live;

/// <summary>The state of the dialling of an edge.</summary>
/// <param name="Fault">Why the last try failed; null when it did not, or while there is a tunnel.</param>
/// <param name="Proxy">The proxy that it goes through, without what it is told of user and password; null when there is none.</param>
/// <param name="Other">The hub that dials it, of those that share their state; null when this one does, or none.</param>
internal readonly record struct DialStatus(string? Fault, string? Proxy, string? Other);
