namespace Tunnel.Hub.Forwarding.Authorizing;

/// <summary>What is known of a client when it was asked about.</summary>
internal enum AuthorizeAnswer
{
    /// <summary>It may come in.</summary>
    Allowed,

    /// <summary>It may not.</summary>
    Refused,

    /// <summary>Nothing, since there was no answer.</summary>
    None,
}
