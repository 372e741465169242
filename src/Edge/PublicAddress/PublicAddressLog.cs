using Microsoft.Extensions.Logging;

namespace Tunnel.Edge.PublicAddress;

/// <summary>Events 5600–5609.</summary>
internal static partial class PublicAddressLog
{
    [LoggerMessage(5600, LogLevel.Information, "This machine's public address is {Addresses}")]
    public static partial void PublicAddressFound(ILogger logger, PublicAddresses addresses);

    [LoggerMessage(
        5601, LogLevel.Warning,
        "No STUN server told the public address ({Error}). Check stunServers and that UDP to them is let through; everything else works")]
    public static partial void PublicAddressNotFound(ILogger logger, string error);

    [LoggerMessage(5602, LogLevel.Debug, "Still no public address by STUN ({Error})")]
    public static partial void PublicAddressStillNotFound(ILogger logger, string error);

    [LoggerMessage(
        5604, LogLevel.Information, "This edge asks {Servers} for its public address (STUN); \"stunServers\": [] switches it off")]
    public static partial void PublicAddressAsked(ILogger logger, string servers);

    [LoggerMessage(5603, LogLevel.Error, "Looking up the public address failed by an error of this program. Please report this.")]
    public static partial void PublicAddressFaulted(ILogger logger, Exception exception);
}
