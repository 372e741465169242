using Microsoft.Extensions.Logging;

namespace Tunnel.Hub.Forwarding.Securing;

internal static partial class TlsLog
{
    [LoggerMessage(2260, LogLevel.Information, "The certificate {Path} for {Names} is used; it is valid until {Expires}")]
    public static partial void Loaded(ILogger logger, string path, string names, DateTimeOffset expires);

    [LoggerMessage(2261, LogLevel.Warning, "{Path} has changed and can't be used, so ports go on with what they have: it {Fault}")]
    public static partial void NotTaken(ILogger logger, string path, string fault);

    [LoggerMessage(2262, LogLevel.Error, "{Path} can't be used, and clients who need it are reset: it {Fault}")]
    public static partial void Unusable(ILogger logger, string path, string fault);

    [LoggerMessage(2263, LogLevel.Warning, "The certificate {Path} ends at {Expires}")]
    public static partial void Expiring(ILogger logger, string path, DateTimeOffset expires);

    [LoggerMessage(2265, LogLevel.Warning, "The TLS handshake with the target {Target} failed: {Reason}")]
    public static partial void TargetFailed(ILogger logger, string target, string reason);
}
