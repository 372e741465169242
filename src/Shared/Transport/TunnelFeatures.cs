namespace Tunnel.Shared.Transport;

/// <summary>Extensions of the protocol that both sides have announced.</summary>
[Flags]
public enum TunnelFeatures
{
    /// <summary>No extensions: a base peer, or one that has not sent HELLO yet.</summary>
    None = 0,

    /// <summary>RESET frames.</summary>
    Reset = 1,

    /// <summary>GOAWAY frames.</summary>
    GoAway = 2,

    /// <summary>The listening port in OPEN and UDP_OPEN.</summary>
    Port = 4,

    /// <summary>Further connections of one tunnel.</summary>
    Lanes = 8,

    /// <summary>PROBE frames.</summary>
    Probe = 16,

    /// <summary>MessagePack in REPORT frames.</summary>
    MessagePack = 32,

    /// <summary>Streams that outlive their connection.</summary>
    Resume = 64,

    /// <summary>Streams that go on over another tunnel.</summary>
    Move = 128,

    /// <summary>
    /// A hub that is asked again for a stream says whether it has let that go before, so that an edge that has lost the answer knows.
    /// </summary>
    MoveAgain = 256,
}
