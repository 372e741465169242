using System.Collections.Immutable;
using Tunnel.Shared.Protocol.Sni;

namespace Tunnel.Hub.Edges.Definitions;

/// <summary>Finds the pool of a client by the name that it asks for.</summary>
public sealed class RouteTable
{
    private readonly NameTable<NamedRoute> _names;

    /// <param name="routes">What the operator wrote.</param>
    /// <param name="shared">The settings of the port's pool, which all routes share but for their targets.</param>
    internal RouteTable(IEnumerable<RouteDefinition> routes, PoolPolicy shared)
    {
        All = [.. routes.Select(route => new NamedRoute(route.Sni, shared with { Targets = route.Targets }))];
        _names = new NameTable<NamedRoute>(All.Select(route => KeyValuePair.Create(route.Sni, route)));
    }

    /// <summary>The routes, in the order in which they were written.</summary>
    public ImmutableArray<NamedRoute> All { get; }

    /// <summary>Returns the route of a name in lower case; null when it has none.</summary>
    public NamedRoute? Find(string? name) => _names.Find(name);
}

/// <summary>A name, or <c>*.</c> and a name for all below it, and the pool of clients that ask for it.</summary>
public sealed record NamedRoute(string Sni, PoolPolicy Pool);
