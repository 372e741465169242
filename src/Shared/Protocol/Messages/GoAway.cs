namespace Tunnel.Shared.Protocol.Messages;

/// <summary>Announces that this tunnel takes no new streams; open ones go on (protocol.md section 3, extension <c>goaway</c>).</summary>
/// <param name="Reason">One of the constants of this type, or another word from a newer peer.</param>
/// <param name="LastStreamId">The highest stream id that the sender serves.</param>
public sealed record GoAway(string Reason, uint LastStreamId)
{
    /// <summary>The sender is stopping.</summary>
    public const string Shutdown = "shutdown";

    /// <summary>
    /// Another process has taken the sender's place, and answers at the same address. What is open goes on without a time limit.
    /// </summary>
    public const string Upgrade = "upgrade";

    /// <summary>Another instance holds this edge id; the edge retries after 60 s or more.</summary>
    public const string Conflict = "conflict";

    /// <summary>A newer tunnel of the same edge has taken over.</summary>
    public const string Replaced = "replaced";
}
