using System.Net;
using Tunnel.Edge.Admission;
using Tunnel.Shared.Protocol.Messages;

namespace Tunnel.Edge.Listening;

/// <summary>Opens public ports.</summary>
internal interface IPortBinder
{
    /// <summary>Binds a port and starts to serve it. A port that can't be bound is a result, not an exception.</summary>
    BindResult Bind(PortKey port, EdgePortPolicy policy);
}

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

    PortStatistics GetStatistics();

    /// <summary>Takes no more clients and gives the port back at once; those that are there have <paramref name="drain"/> to finish, then they are reset.</summary>
    void Close(TimeSpan drain);
}

/// <summary>Either a bound port, or why it could not be bound, in words for the operator.</summary>
internal readonly record struct BindResult(IBoundPort? Port, string? Error)
{
    public static BindResult Bound(IBoundPort port) => new(port, null);

    public static BindResult Failed(string error) => new(null, error);
}
