namespace Tunnel.Hub.Hooks;

/// <summary>
/// Code of a program that embeds the hub and decides about clients (<see cref="TunnelHub.AddHook"/>). It runs on the thread pool; one that
/// throws, or takes longer than a second, costs the client its connection and nobody else anything.
/// </summary>
public interface IConnectionHook
{
    /// <summary>
    /// Whether <see cref="OnDataAsync"/> is to be called. Asked once for each connection; if false, nothing is copied.
    /// </summary>
    bool ObservesData => false;

    /// <summary>
    /// Called before the hub connects to the upstream of a TCP client. A client whose hook throws or is not done after one second is
    /// refused and counted (<c>hookFailed</c>, <c>hookTimeout</c>).
    /// </summary>
    /// <param name="context">The connection.</param>
    ValueTask<ConnectionDecision> OnConnectAsync(ConnectionContext context) => new(ConnectionDecision.Allow);

    /// <summary>
    /// Called with the first bytes of each direction as they pass, up to 16 KiB of each. The bytes do not wait for it, and it can't change
    /// them. What it throws is logged.
    /// </summary>
    /// <param name="data">Some of the bytes.</param>
    ValueTask OnDataAsync(ConnectionData data) => default;
}
