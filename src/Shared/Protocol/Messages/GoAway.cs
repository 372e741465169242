namespace Tunnel.Shared.Protocol.Messages;

/// <summary>No new streams on this tunnel; open ones go on (protocol.md section 3, extension <c>goaway</c>).</summary>
/// <param name="Reason">One of the constants of this type, or another word from a newer peer.</param>
/// <param name="LastStreamId">The highest stream id that the sender serves.</param>
public sealed record GoAway(string Reason, uint LastStreamId)
{
    /// <summary>The sender stops.</summary>
    public const string Shutdown = "shutdown";

    /// <summary>Another instance holds this edge id; retry after 60 s or more.</summary>
    public const string Conflict = "conflict";

    /// <summary>A newer tunnel of the same edge took over.</summary>
    public const string Replaced = "replaced";
}
