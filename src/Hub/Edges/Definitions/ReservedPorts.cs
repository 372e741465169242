namespace Tunnel.Hub.Edges.Definitions;

/// <summary>Ports that a machine usually needs for itself; assigning one is allowed, but gives a warning.</summary>
internal static class ReservedPorts
{
    public static readonly (int Port, string Owner)[] Tcp =
    [
        (22, "SSH (which the edge never binds unless its protectedPorts say so)"),
        (111, "rpcbind"),
    ];

    public static readonly (int Port, string Owner)[] Udp =
    [
        (68, "the DHCP client"),
        (111, "rpcbind"),
        (123, "NTP"),
        (546, "the DHCPv6 client"),
        (5353, "multicast DNS"),
    ];
}
