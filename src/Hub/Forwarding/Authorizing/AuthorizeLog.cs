using Microsoft.Extensions.Logging;

namespace Tunnel.Hub.Forwarding.Authorizing;

internal static partial class AuthorizeLog
{
    [LoggerMessage(2252, LogLevel.Warning, "{Url} does not say whether clients may come in, and they are {Fate}: {Reason}")]
    public static partial void Down(ILogger logger, string url, string fate, string reason);

    [LoggerMessage(2253, LogLevel.Information, "{Url} says again whether clients may come in")]
    public static partial void Up(ILogger logger, string url);
}
