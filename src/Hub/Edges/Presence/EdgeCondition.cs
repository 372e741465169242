namespace Tunnel.Hub.Edges.Presence;

/// <summary>How an allowed edge is, in a word: connected, or why it is not.</summary>
public enum EdgeCondition
{
    /// <summary>It has a tunnel.</summary>
    Connected,

    /// <summary>It has a tunnel, and another process has come with its id and was turned away within the last 90 s.</summary>
    Conflict,

    /// <summary>It is switched off at the hub.</summary>
    Disabled,

    /// <summary>The secret that it had come with is valid no more.</summary>
    SecretExpired,

    /// <summary>Its connection broke, was closed without a word, or nothing was heard of it any more.</summary>
    Network,

    /// <summary>It has said goodbye: its service was stopped.</summary>
    Stopped,

    /// <summary>The hub's operator has ended its tunnels, and it has not come back.</summary>
    Disconnected,

    /// <summary>It broke the protocol.</summary>
    ProtocolError,

    /// <summary>It has not come back since the hub was started.</summary>
    HubRestart,

    /// <summary>It was never connected, as far as the hub remembers.</summary>
    NeverSeen,
}
