using Microsoft.Extensions.Logging;
using Tunnel.Shared.Transport;
using Tunnel.Shared.Transport.Proxies;

namespace Tunnel.Edge.Connecting;

/// <summary>Events 3180–3186, from the range of Connecting.</summary>
internal static partial class TransportChoiceLog
{
    [LoggerMessage(
        3180, LogLevel.Warning,
        "The hub is reached over TLS only, since QUIC is not to be had here ({Reason}). For QUIC, {Hint}, and restart this edge")]
    public static partial void QuicNotInstalled(ILogger logger, string reason, string hint);

    [LoggerMessage(
        3181, LogLevel.Warning,
        "The tunnel runs over TLS instead of QUIC ({Reason}: {Detail}); QUIC is tried again every {Minutes:0} minutes, and when this "
            + "machine's addresses change")]
    public static partial void FellBack(ILogger logger, string reason, string detail, double minutes);

    [LoggerMessage(3182, LogLevel.Information, "QUIC does not get through yet ({Kind}: {Message}); the next try is in {Minutes:0} minutes")]
    public static partial void QuicStillFails(ILogger logger, DialFailureKind kind, string message, double minutes);

    [LoggerMessage(
        3183, LogLevel.Error,
        "An attempt over QUIC failed by an error of this program; the next one is in {Minutes:0} minutes. Please report this.")]
    public static partial void QuicFaulted(ILogger logger, Exception exception, double minutes);

    [LoggerMessage(
        3184, LogLevel.Information, "QUIC gets through now: it takes the new streams, and the {Streams} that are open move to it")]
    public static partial void MovedToQuic(ILogger logger, int streams);

    // Some machines' addresses change all the time.
    [LoggerMessage(3186, LogLevel.Debug, "QUIC does not get through since this machine's addresses have changed ({Kind}: {Message})")]
    public static partial void QuicFailsAfterChange(ILogger logger, DialFailureKind kind, string message);

    [LoggerMessage(3185, LogLevel.Information, "The hub is reached through the proxy {Proxy}, which {Source} names")]
    public static partial void Proxied(ILogger logger, ProxyServer proxy, string source);
}
