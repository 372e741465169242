using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Hub.Hooks;
using Tunnel.Hub.Targets;
using Tunnel.Hub.Traffic;

namespace Tunnel.Hub.Forwarding.Entering;

/// <summary>What a client's stream passes before it has an upstream, at a port that wants that; at others it costs a comparison.</summary>
internal sealed class Entrance(HookRunner hooks, PortAcceptors acceptors, ILogger logger)
{
    private readonly HookStep _hooks = new(hooks, logger);

    /// <summary>Programs that accept streams in this process.</summary>
    public PortAcceptors Acceptors => acceptors;

    /// <summary>An entrance where nothing is done.</summary>
    public static Entrance None(TimeProvider time) =>
        new(new HookRunner(time, NullLogger.Instance), new PortAcceptors(), NullLogger.Instance);

    /// <summary>Whether anything is to be done at a port.</summary>
    public bool IsUsedBy(PortPolicy policy, in TrafficKey port) => !hooks.Hooks.IsEmpty || acceptors.Find(port) is not null;

    /// <summary>Returns why a client is refused; null when it may go on. Throws when the client is gone.</summary>
    public Task<StreamFailure?> AdmitAsync(StreamVisit visit, CancellationToken gone) => _hooks.TakeAsync(visit, gone);
}
