namespace Tunnel.Hub.Edges.Presence;

/// <summary>The state of an allowed edge: connected, or why it is not.</summary>
public enum EdgeCondition
{
    /// <summary>It has a tunnel.</summary>
    Connected,

    /// <summary>It has a tunnel, and another process came with its id and was turned away within the last 90 s.</summary>
    Conflict,

    /// <summary>It is switched off at the hub.</summary>
    Disabled,

    /// <summary>The secret that it last used is no longer valid.</summary>
    SecretExpired,

    /// <summary>Its connection broke or was closed without notice, or the edge fell silent.</summary>
    Network,

    /// <summary>It announced its end, because its service was stopped.</summary>
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
