using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Hub.Forwarding.Authorizing;
using Tunnel.Hub.Forwarding.Securing;
using Tunnel.Hub.Hooks;
using Tunnel.Hub.Targets;
using Tunnel.Hub.Traffic;

namespace Tunnel.Hub.Forwarding.Entering;

/// <summary>
/// The steps that a client's stream passes before it has an upstream, at a port that wants that; at others it costs a comparison.
/// </summary>
internal sealed class Entrance(HookRunner hooks, PortAcceptors acceptors, TimeProvider time, ILogger logger)
{
    private readonly HelloStep _hello = new(time);
    private readonly HookStep _hooks = new(hooks, logger);
    private readonly TlsStep _tls = new(time, logger);

    /// <summary>Programs that accept streams in this process.</summary>
    public PortAcceptors Acceptors => acceptors;

    /// <summary>An entrance where nothing is done.</summary>
    public static Entrance None(TimeProvider time) =>
        new(new HookRunner(time, NullLogger.Instance), new PortAcceptors(), time, NullLogger.Instance);

    /// <summary>Whether anything is to be done at a port.</summary>
    public bool IsUsedBy(PortPolicy policy, in TrafficKey port) =>
        policy.Tls is not null || policy.Authorize is not null || !hooks.Hooks.IsEmpty || acceptors.Find(port) is not null;

    /// <summary>Returns why a client is refused; null when it may go on. Throws when the client is gone.</summary>
    /// <param name="visit">The client.</param>
    /// <param name="servers">The TLS servers of ports.</param>
    /// <param name="authorizer">Whom the port asks about clients; null: nobody.</param>
    /// <param name="gone">Fires when the client is gone.</param>
    public async Task<StreamFailure?> AdmitAsync(StreamVisit visit, TlsServers servers, Authorizer? authorizer, CancellationToken gone)
    {
        // What is asked for the client knows its name, and whom it refuses costs no handshake.
        if (visit.Policy.Tls is { } tls && await _hello.TakeAsync(visit, tls, gone) is { } unread)
            return unread;
        if (await _hooks.TakeAsync(visit, gone) is { } refused)
            return refused;
        if (authorizer is not null && await AuthorizeStep.TakeAsync(visit, authorizer, gone) is { } unauthorized)
            return unauthorized;
        return visit.Policy.Tls is { Terminates: true } ended ? await _tls.TakeAsync(visit, servers.Of(ended), gone) : null;
    }
}
