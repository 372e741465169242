namespace Tunnel.Shared.Sockets;

/// <summary>A socket as an event loop watches it.</summary>
public abstract class LoopEntry
{
    private protected LoopEntry()
    {
    }

    /// <summary>The number by which the loop knows this entry.</summary>
    internal ulong Token { get; set; }

    /// <summary>Handles events. The loop calls this on its thread, so it must not block.</summary>
    internal abstract void OnEvents(uint events);
}
