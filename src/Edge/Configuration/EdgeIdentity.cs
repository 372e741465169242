using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Tunnel.Edge.Configuration;

/// <summary>Identifies an edge on its machine: the same after a restart, and different for each edge that runs beside it.</summary>
internal static class EdgeIdentity
{
    private const int Bytes = 6;

    /// <summary>
    /// Returns twelve hexadecimal digits. They are derived from the state directory, the edge id and the hub, because two edges on one
    /// machine differ in at least one of these.
    /// </summary>
    public static string Of(TunnelEdgeOptions options)
    {
        var state = options.StateDirectory is { } directory ? Path.GetFullPath(directory) : "";
        var all = string.Join('\n', state, options.EdgeId, options.HubHost, options.HubPort.ToString(CultureInfo.InvariantCulture));
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(all)).AsSpan(0, Bytes));
    }
}
