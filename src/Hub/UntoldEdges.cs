using System.Collections.Immutable;
using Tunnel.Hub.Edges.State;

namespace Tunnel.Hub;

/// <summary>Finds the edges that still have to learn something before the hub may do it.</summary>
internal static class UntoldEdges
{
    /// <summary>Returns the ids of the enabled edges, connected or not, that do not know it yet, in order.</summary>
    public static ImmutableArray<string> Without(EdgeStore edges, Func<string, bool> knows) =>
        [.. edges.Current.Values.Where(edge => edge.Enabled && !knows(edge.Id)).Select(edge => edge.Id).Order(StringComparer.Ordinal)];
}
