using System.Net;

namespace Tunnel.Edge.Endpoints;

/// <summary>Resolves a name to addresses. Outside of tests this is the system's resolver.</summary>
internal delegate Task<IPAddress[]> NameResolver(string host, CancellationToken cancellationToken);
