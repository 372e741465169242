using Tunnel.Hub.Forwarding.Authorizing;
using Tunnel.Hub.Targets;

namespace Tunnel.Hub.Forwarding.Entering;

/// <summary>Asks a port's <c>authorizeUrl</c> about a client.</summary>
internal static class AuthorizeStep
{
    /// <summary>Returns why the client is refused; null when it is not. Throws when the client is gone.</summary>
    public static async Task<StreamFailure?> TakeAsync(StreamVisit visit, Authorizer authorizer, CancellationToken gone)
    {
        var question = new AuthorizeQuestion(visit.Port.EdgeId, visit.Port.Port, visit.Opening.Source?.Address, visit.ServerName);
        return await authorizer.AskAsync(question, gone) switch
        {
            AuthorizeAnswer.Allowed => null,
            AuthorizeAnswer.Refused => StreamFailure.AuthorizeRefused,
            _ => authorizer.Asked.FailOpen == true ? null : StreamFailure.AuthorizeFailed,
        };
    }
}
