using Microsoft.Extensions.Logging;

namespace Tunnel.Shared.Sockets;

internal static partial class SocketsLog
{
    [LoggerMessage(
        1030, LogLevel.Warning,
        "Changes of this machine's addresses are not heard of ({Fault}), so a connection whose path is gone is noticed later, by its "
            + "silence. Let this process have sockets of the family AF_NETLINK.")]
    public static partial void AddressesNotWatched(ILogger logger, string fault);
}
