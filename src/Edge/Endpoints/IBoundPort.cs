using System.Net;
using Tunnel.Shared.Protocol.Messages;

namespace Tunnel.Edge.Endpoints;

/// <summary>A port that is bound and served.</summary>
internal interface IBoundPort
{
    /// <summary>The number of connections or sessions that came through this port and are open now.</summary>
    int Active { get; }

    /// <summary>The fault of the port that has stopped working, in words for the log; null when all is well.</summary>
    string? Fault { get; }

    /// <summary>Resets the clients for which <paramref name="which"/> returns true.</summary>
    /// <returns>How many clients were reset.</returns>
    int Reset(Func<IPAddress, bool> which);

    /// <summary>Applies another policy, with the same address, to clients that come from now on.</summary>
    void Update(EdgePortPolicy policy);

    /// <summary>Returns what happened at this port since it was bound.</summary>
    PortStatistics GetStatistics();

    /// <summary>
    /// Takes no more clients and releases the port at once. Clients that are there have <paramref name="drain"/> to finish, then they are
    /// reset.
    /// </summary>
    void Close(TimeSpan drain);

    /// <summary>
    /// Takes no clients until <see cref="Resume"/>: they wait in the kernel's queue. A port without a queue of clients goes on.
    /// </summary>
    /// <returns>Completes when every client that was accepted is taken in.</returns>
    Task PauseAsync() => Task.CompletedTask;

    /// <summary>Takes clients again.</summary>
    void Resume()
    {
    }

    /// <summary>
    /// Takes no more clients and leaves the port open for the next process, which finds those that came meanwhile in the kernel's queue.
    /// Clients that are there stay until their owner ends them.
    /// </summary>
    /// <returns>Completes when every client that was accepted is taken in.</returns>
    Task LeaveAsync();
}
