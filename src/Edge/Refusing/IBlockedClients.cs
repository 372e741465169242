using Tunnel.Edge.Endpoints;

namespace Tunnel.Edge.Refusing;

/// <summary>Is told of every client that a port turned away. Called on I/O threads, thousands of times a second during an attack.</summary>
internal interface IBlockedClients
{
    /// <param name="port">The port that turned the client away.</param>
    /// <param name="reason">Why the client was turned away.</param>
    /// <param name="client">The client's address; null when it is not known.</param>
    /// <param name="log">Whether the port's policy wants each client named.</param>
    void Add(PortKey port, RefusalReason reason, UInt128? client, bool log);
}
