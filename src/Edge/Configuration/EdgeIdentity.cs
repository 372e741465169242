using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Tunnel.Edge.Configuration;

/// <summary>Which edge of this machine it is: the same after a restart, and another for each that runs beside it.</summary>
internal static class EdgeIdentity
{
    private const int Bytes = 6;

    /// <summary>
    /// Twelve hexadecimal digits. An edge is the same when it has the same state directory, edge id and hub: two on one machine differ in
    /// one of them.
    /// </summary>
    public static string Of(TunnelEdgeOptions options)
    {
        var state = options.StateDirectory is { } directory ? Path.GetFullPath(directory) : "";
        var all = string.Join('\n', state, options.EdgeId, options.HubHost, options.HubPort.ToString(CultureInfo.InvariantCulture));
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(all)).AsSpan(0, Bytes));
    }
}
