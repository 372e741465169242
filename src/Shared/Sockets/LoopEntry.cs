namespace Tunnel.Shared.Sockets;

/// <summary>What an event loop watches.</summary>
public abstract class LoopEntry
{
    private protected LoopEntry()
    {
    }

    /// <summary>The loop's name for it.</summary>
    internal ulong Token { get; set; }

    /// <summary>By the loop, on its thread: must not block.</summary>
    internal abstract void OnEvents(uint events);
}
