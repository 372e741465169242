using Tunnel.Shared.Transport.Mux.Core;

namespace Tunnel.Shared.Transport.Mux.Sessions;

/// <summary>The UDP sessions of one end of a mux.</summary>
internal sealed class MuxSessions(MuxCore core)
{
    public MuxCore Core => core;

    /// <summary>Those that are open; guarded by the core's lock.</summary>
    public FlowTable<MuxSession> Table { get; } = new("session");

    /// <summary>Sends what waits on all lanes of the tunnel; null where there is only this. Set before there is a session.</summary>
    public Action? FlushLanes { get; set; }
}
