namespace Tunnel.Hub.Forwarding.Authorizing;

/// <summary>The answer to a question about a client.</summary>
internal enum AuthorizeAnswer
{
    /// <summary>The client may come in.</summary>
    Allowed,

    /// <summary>The client may not come in.</summary>
    Refused,

    /// <summary>Nothing is known, since there was no answer.</summary>
    None,
}
