using Tunnel.Shared.Transport;

namespace Tunnel.Shared.Relay;

/// <summary>Is told what a local peer did first. Called on an I/O thread, so implementations must not block.</summary>
public interface IFirstReadObserver
{
    /// <summary>The peer has sent data, its end or a reset before it was told that its connection ends. Called at most once.</summary>
    void OnFirstRead(LocalReadStatus status);
}
