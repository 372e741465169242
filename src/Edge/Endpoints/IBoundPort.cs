using System.Net;
using Tunnel.Shared.Protocol.Messages;

namespace Tunnel.Edge.Endpoints;

/// <summary>A port that is bound and served.</summary>
internal interface IBoundPort
{
    /// <summary>Connections or sessions that came by this port and are open now.</summary>
    int Active { get; }

    /// <summary>False when clients wait and nobody takes them; a port without a queue of clients has none that wait.</summary>
    bool IsAccepting => true;

    /// <summary>Resets the clients that <paramref name="which"/> is true of.</summary>
    /// <returns>How many there were.</returns>
    int Reset(Func<IPAddress, bool> which);

    /// <summary>Applies another policy, with the same address, to clients that come from now on.</summary>
    void Update(EdgePortPolicy policy);

    /// <summary>What happened at it since it was bound.</summary>
    PortStatistics GetStatistics();

    /// <summary>
    /// Takes no more clients and gives the port back at once; those that are there have <paramref name="drain"/> to finish, then they are
    /// reset.
    /// </summary>
    void Close(TimeSpan drain);
}
