using Tunnel.Shared.Transport.Mux.Core;

namespace Tunnel.Shared.Transport.Mux.Sessions;

/// <summary>The UDP sessions of one end of a mux.</summary>
internal sealed class MuxSessions(MuxCore core)
{
    public MuxCore Core => core;

    /// <summary>The open sessions; guarded by the core's lock.</summary>
    public FlowTable<MuxSession> Table { get; } = new("session");

    /// <summary>
    /// Sends what waits on all lanes of the tunnel; null when there is only this one. It is set before any session is open.
    /// </summary>
    public Action? FlushLanes { get; set; }
}
