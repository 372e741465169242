namespace Tunnel.Shared.Transport;

/// <summary>Whether a tunnel goes on over another connection.</summary>
public enum ResumeOutcome
{
    /// <summary>The tunnel goes on; the connection is its own now.</summary>
    Resumed,

    /// <summary>The tunnel can't go on, whatever the peer says; nothing has changed.</summary>
    NotPossible,

    /// <summary>The peer, or this end, has not kept what that needs. The connection is a tunnel of its own.</summary>
    Refused,

    /// <summary>The connection is of no use. The tunnel is as it was, and may try another one.</summary>
    Failed,
}
