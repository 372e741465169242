namespace Tunnel.Hub.Edges;

/// <summary>Checks a whole set of edges and reports everything that is wrong at once.</summary>
public static class EdgeSetValidator
{
}
