namespace Tunnel.Hub.Edges;

internal static class NearestName
{
    public static string? Find(string name, IEnumerable<string> valid) => null;
}
