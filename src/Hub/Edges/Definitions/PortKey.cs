using System.Globalization;

namespace Tunnel.Hub.Edges.Definitions;

/// <summary>The keys of an edge's <c>ports</c>: <c>tcp/443</c>, <c>udp/53</c>, <c>default</c>.</summary>
internal static class PortKey
{
    public const string Default = "default";

    public static string For(bool udp, int port) => string.Create(CultureInfo.InvariantCulture, $"{(udp ? "udp" : "tcp")}/{port}");

    /// <summary>Only the canonical form is taken ("tcp/0443" is not), so that two keys can't mean one port.</summary>
    public static bool TryParse(string key, out bool udp, out int port)
    {
        udp = key.StartsWith("udp/", StringComparison.Ordinal);
        port = 0;
        return (udp || key.StartsWith("tcp/", StringComparison.Ordinal))
            && int.TryParse(key.AsSpan(4), NumberStyles.None, CultureInfo.InvariantCulture, out port)
            && port is >= 1 and <= 65535
            && key == For(udp, port);
    }
}
