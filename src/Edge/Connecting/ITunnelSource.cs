using Tunnel.Shared.Transport;

namespace Tunnel.Edge.Connecting;

/// <summary>Gives the listeners the tunnel for a new client.</summary>
internal interface ITunnelSource
{
    /// <summary>The newest tunnel; null while there is none. It is read for every client and many datagrams, so it must be cheap.</summary>
    ITunnel? Current { get; }
}
