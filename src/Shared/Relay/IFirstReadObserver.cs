using Tunnel.Shared.Transport;

namespace Tunnel.Shared.Relay;

/// <summary>Is told what a local peer did first. On an I/O thread: must not block.</summary>
public interface IFirstReadObserver
{
    /// <summary>
    /// Called once at most: the peer has sent something, its end, or a reset, and nothing was told it before that its connection ends.
    /// </summary>
    void OnFirstRead(LocalReadStatus status);
}
