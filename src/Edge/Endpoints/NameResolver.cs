using System.Net;

namespace Tunnel.Edge.Endpoints;

/// <summary>Resolves a name to addresses; the system's resolver outside of tests.</summary>
internal delegate Task<IPAddress[]> NameResolver(string host, CancellationToken cancellationToken);
