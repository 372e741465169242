using Tunnel.Shared.Transport;

namespace Tunnel.Edge.Connecting;

/// <summary>Where the listeners find the tunnel for a new client.</summary>
internal interface ITunnelSource
{
    /// <summary>The newest tunnel, or null while there is none. Read for every client and many datagrams, so it must be cheap.</summary>
    ITunnel? Current { get; }
}
