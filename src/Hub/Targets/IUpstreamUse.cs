using Tunnel.Shared.Transport;

namespace Tunnel.Hub.Targets;

/// <summary>
/// One connection's use of the upstream that was chosen for it. Any thread may call it; nothing here blocks or throws.
/// </summary>
internal interface IUpstreamUse
{
    /// <summary>The upstream that was chosen, <c>address:port</c>.</summary>
    string Target { get; }

    /// <summary>The name or address that led to it.</summary>
    string Host { get; }

    /// <summary>Notes what the upstream did first: it sent data, its end, or a reset. Called at most once.</summary>
    void NoteFirstRead(LocalReadStatus status);

    /// <summary>Notes that the connection was made and is of no use, such as when the upstream is gone before it has its header.</summary>
    void NoteFailed();

    /// <summary>Notes that the connection has ended. To be called once, also when nobody wanted it by the time that it was made.</summary>
    void End();
}
