using Microsoft.Extensions.Logging;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Hub.Events;

namespace Tunnel.Hub.Forwarding.Authorizing;

/// <summary>Tells operators that an <c>authorizeUrl</c> does not answer, and that it does again.</summary>
internal sealed class AuthorizeReports(HubEventFeed events, TimeProvider time, ILogger<AuthorizeReports> logger)
{
    public void OnDown(AuthorizeDefinition asked, string reason)
    {
        var isOpen = asked.FailOpen == true;
        AuthorizeLog.Down(logger, asked.Shown, isOpen ? "let in" : "refused", reason);
        events.Post(new AuthorizerDownEvent(asked.Shown, reason, isOpen) { Time = time.GetUtcNow() });
    }

    public void OnUp(AuthorizeDefinition asked)
    {
        AuthorizeLog.Up(logger, asked.Shown);
        events.Post(new AuthorizerUpEvent(asked.Shown) { Time = time.GetUtcNow() });
    }
}
