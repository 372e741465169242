namespace Tunnel.Hub.Status;

/// <summary>The database in which hubs share edges and blocks.</summary>
/// <param name="Database">The database and where it is, without user and password.</param>
/// <param name="Fault">
/// Why it can't be used now, while the last known state is in force and changes are refused; null: it can.
/// </param>
public sealed record SharedStateStatus(string Database, string? Fault);
