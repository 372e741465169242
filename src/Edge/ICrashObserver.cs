using Tunnel.Edge.Events;

namespace Tunnel.Edge;

/// <summary>Is told that the last run was cut off. Must not block.</summary>
internal interface ICrashObserver
{
    /// <summary>Called when what that run left behind is cleaned up.</summary>
    void OnCrashRecovered(CrashRecoveredEvent recovered);

    /// <summary>Called when something that it left behind can't be cleaned up.</summary>
    void OnCrashRecoveryFailed(CrashRecoveryFailedEvent failed);
}
