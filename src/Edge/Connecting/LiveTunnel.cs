using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport;

namespace Tunnel.Edge.Connecting;

/// <summary>A tunnel in use, and whether its hub wants no more of it.</summary>
internal sealed class LiveTunnel(ITunnel tunnel, long connectedAt)
{
    private readonly TaskCompletionSource<GoAway> _goAway = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public ITunnel Tunnel => tunnel;

    /// <summary>The timestamp of its start.</summary>
    public long ConnectedAt => connectedAt;

    /// <summary>Completes with the hub's GOAWAY, if one comes.</summary>
    public Task<GoAway> GoAway => _goAway.Task;

    public void OnGoAway(GoAway goAway) => _goAway.TrySetResult(goAway);
}
