using System.Collections.Immutable;
using Tunnel.Hub.Edges.Allowed;
using Tunnel.Hub.Edges.Definitions;

namespace Tunnel.Hub.Forwarding.Authorizing;

/// <summary>The services that are asked about clients, one for each <c>authorizeUrl</c> that ports have. Any thread may use it.</summary>
/// <param name="open">Makes what sends requests, to addresses that a rule allows.</param>
/// <param name="reports">Is told of faults.</param>
/// <param name="time">The clock.</param>
internal sealed class Authorizers(Func<TargetRule, HttpMessageHandler> open, AuthorizeReports reports, TimeProvider time) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<(AuthorizeDefinition Asked, TargetRule Rule), Authorizer> _all = [];
    private readonly PortUsers<(AuthorizeDefinition Asked, TargetRule Rule)> _users = new();

    /// <summary>All that may be asked now.</summary>
    public ImmutableArray<Authorizer> All
    {
        get
        {
            lock (_lock)
                return [.. _all.Values];
        }
    }

    /// <summary>Returns whom to ask; it is made at the first call.</summary>
    /// <param name="asked">What the operator wrote.</param>
    /// <param name="rule">The addresses that may be connected to.</param>
    public Authorizer Of(AuthorizeDefinition asked, TargetRule rule)
    {
        lock (_lock)
        {
            if (!_all.TryGetValue((asked, rule), out var found))
                _all.Add((asked, rule), found = new Authorizer(asked, open(rule), reports, time));
            return found;
        }
    }

    /// <summary>Forgets those that no port needs any more.</summary>
    /// <param name="edgeId">The id of the edge that was changed.</param>
    /// <param name="edge">The edge; null when it is no longer allowed.</param>
    /// <param name="rule">Returns the addresses that a port's targets may have.</param>
    public void Apply(string edgeId, AllowedEdge? edge, Func<PortPolicy, TargetRule> rule)
    {
        var wanted = (
            from port in edge is { Enabled: true } ? edge.TcpPorts : []
            let policy = edge!.PolicyFor(false, port)
            where policy.Authorize is not null
            select (Key: (policy.Authorize!, rule(policy)), Port: port)).ToLookup(static used => used.Key, static used => used.Port);
        lock (_lock)
        {
            if (!_users.Note(edgeId, wanted))
                return;
            foreach (var key in _all.Keys.Where(key => !_users.IsUsed(key)).ToArray())
            {
                // Questions that wait for their answer get none then.
                _all.Remove(key, out var unused);
                unused!.Dispose();
            }
        }
    }

    /// <summary>Returns whom each edge's ports ask, with the ports, and why there is no answer.</summary>
    public ImmutableArray<(string EdgeId, ImmutableArray<int> Ports, AuthorizeDefinition Asked, AuthorizeFault? Fault)> Describe()
    {
        lock (_lock)
        {
            return [
                .. from user in _users.List()
                   select (user.EdgeId, user.Ports, user.Used.Asked, _all.GetValueOrDefault(user.Used)?.Fault)];
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var authorizer in All)
            authorizer.Dispose();
    }
}
