using System.Threading.Channels;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport;

namespace Tunnel.Edge.Connecting;

/// <summary>Configurations that hubs have sent and nobody has applied yet: only the newest one counts.</summary>
internal sealed class ConfigInbox
{
    private readonly Channel<ReceivedConfig> _received = Channel.CreateBounded<ReceivedConfig>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });

    private readonly Lock _lock = new();
    private ITunnel? _lastPosted;

    /// <summary>The first configuration of a tunnel, from the handshake; ignored when a pushed one was faster.</summary>
    public void PostInitial(ITunnel tunnel, TunnelConfig config)
    {
        lock (_lock)
        {
            if (_lastPosted != tunnel)
                Post(new ReceivedConfig(tunnel, config, Initial: true));
        }
    }

    /// <summary>A configuration that was pushed; the tunnel's first where the one of its handshake does not count.</summary>
    public void PostPushed(ITunnel tunnel, TunnelConfig config)
    {
        lock (_lock)
            Post(new ReceivedConfig(tunnel, config, Initial: _lastPosted != tunnel));
    }

    /// <summary>Another process has this edge's id: nothing is to be bound until a tunnel's configuration comes.</summary>
    public void PostRelease(ITunnel tunnel)
    {
        lock (_lock)
            Post(new ReceivedConfig(tunnel, new TunnelConfig(), Initial: false) { IsRelease = true });
    }

    /// <summary>Takes out the next one, when it comes. For one reader.</summary>
    public ValueTask<ReceivedConfig> ReadAsync(CancellationToken cancellationToken) => _received.Reader.ReadAsync(cancellationToken);

    private void Post(ReceivedConfig config)
    {
        _lastPosted = config.Tunnel;
        _received.Writer.TryWrite(config);
    }
}

/// <summary>A configuration of a hub.</summary>
/// <param name="Tunnel">Where it came from, and where its answer goes.</param>
/// <param name="Config">The configuration, whole.</param>
/// <param name="Initial">Whether it is the tunnel's first.</param>
internal sealed record ReceivedConfig(ITunnel Tunnel, TunnelConfig Config, bool Initial)
{
    /// <summary>Its revision; 0 when the hub tells none.</summary>
    public long Revision => Config.Hub?.Rev ?? 0;

    /// <summary>No configuration: the ports are to be closed, and the hub is told nothing.</summary>
    public bool IsRelease { get; init; }
}
