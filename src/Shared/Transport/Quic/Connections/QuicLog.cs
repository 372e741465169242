using System.Net;
using Microsoft.Extensions.Logging;

namespace Tunnel.Shared.Transport.Quic.Connections;

internal static partial class QuicLog
{
    [LoggerMessage(5000, LogLevel.Error, "QUIC connection with {Remote}: it is closed by an internal error. Please report this.")]
    public static partial void Bug(ILogger logger, Exception exception, IPEndPoint remote);

    [LoggerMessage(5001, LogLevel.Information, "QUIC connection with {Remote} goes on from {NewRemote}: its address has changed")]
    public static partial void Migrated(ILogger logger, IPEndPoint remote, IPEndPoint newRemote);

    [LoggerMessage(5002, LogLevel.Error, "QUIC listener on {Address}: a client was refused by an internal error. Please report this.")]
    public static partial void ListenerBug(ILogger logger, Exception exception, IPEndPoint address);

    [LoggerMessage(
        5003, LogLevel.Warning,
        "QUIC: {Count} handshakes are open, so every client has to prove its address (Retry) until there are fewer")]
    public static partial void RetryBegins(ILogger logger, int count);

    [LoggerMessage(
        5004, LogLevel.Information, "QUIC: few handshakes are open again, so clients need not prove their address (Retry) any more")]
    public static partial void RetryEnds(ILogger logger);
}
