namespace Tunnel.Shared.Transport.Quic.Streams;

/// <summary>A stream as its priority sees it.</summary>
internal interface IPrioritized
{
    /// <summary>True while more waits to be sent than its peer takes.</summary>
    bool IsBlocked { get; }

    /// <summary>When its peer last acknowledged something, in milliseconds of the context's clock.</summary>
    long LastProgress { get; }

    /// <summary>Lets other streams go first, or no longer. Called on a worker of msquic.</summary>
    void SetLowPriority(bool low);
}
