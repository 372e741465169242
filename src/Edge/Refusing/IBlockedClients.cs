using Tunnel.Edge.Endpoints;

namespace Tunnel.Edge.Refusing;

/// <summary>Is told of every client that a port turned away. Called on I/O threads, thousands of times a second in an attack.</summary>
internal interface IBlockedClients
{
    /// <param name="port">Which port.</param>
    /// <param name="reason">Why.</param>
    /// <param name="client">Its address; null when it is not known.</param>
    /// <param name="log">Whether the port's policy wants each client named.</param>
    void Add(PortKey port, RefusalReason reason, UInt128? client, bool log);
}
