namespace Tunnel.Hub.Keeping;

/// <summary>A document of the hub's state as a keeper has it.</summary>
/// <param name="Content">The whole content; null when there is none yet.</param>
/// <param name="Revision">Names this version of the document; 0 when there is none yet.</param>
internal sealed record KeptDocument(byte[]? Content, long Revision)
{
    /// <summary>The revision of a content of which nobody knows whether it is the present one.</summary>
    public const long Unknown = -1;
}
