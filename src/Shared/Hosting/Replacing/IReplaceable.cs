using System.Runtime.InteropServices;

namespace Tunnel.Shared.Hosting.Replacing;

/// <summary>A service that another process can replace while it runs.</summary>
public interface IReplaceable
{
    /// <summary>The name of this process; at most 255 bytes of UTF-8.</summary>
    string Name { get; }

    /// <summary>
    /// Whether this process stops already, so that another one has to wait for its end. It can still be asked how it is meanwhile.
    /// </summary>
    bool IsStopping { get; }

    /// <summary>The lock of its state directory; null when it has none.</summary>
    SafeHandle? StateLock { get; }

    /// <summary>
    /// Another process begins to replace this one. What is open goes on, and the state is no longer this process's afterwards.
    /// </summary>
    /// <returns>Completes when the other process may have what this one has.</returns>
    Task OnReplacingAsync();

    /// <summary>The other process has ended before it was ready: everything is as before.</summary>
    void OnReplacingFailed();
}
