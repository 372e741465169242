using System.Threading.Channels;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport;

namespace Tunnel.Edge.Connecting;

/// <summary>Holds the configuration that a hub has sent and that is not applied yet. Only the newest one counts.</summary>
internal sealed class ConfigInbox
{
    private readonly Channel<ReceivedConfig> _received = Channel.CreateBounded<ReceivedConfig>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });

    private readonly Lock _lock = new();
    private ITunnel? _lastPosted;

    /// <summary>Adds a tunnel's first configuration, from the handshake; ignored when a pushed one arrived before it.</summary>
    public void PostInitial(ITunnel tunnel, TunnelConfig config)
    {
        lock (_lock)
        {
            if (_lastPosted != tunnel)
                Post(new ReceivedConfig(tunnel, config, Initial: true));
        }
    }

    /// <summary>Adds a pushed configuration. It is the tunnel's first one when the handshake's was not posted.</summary>
    public void PostPushed(ITunnel tunnel, TunnelConfig config)
    {
        lock (_lock)
            Post(new ReceivedConfig(tunnel, config, Initial: _lastPosted != tunnel));
    }

    /// <summary>Notes that another process has this edge's id: nothing may be bound until a tunnel's configuration comes.</summary>
    public void PostRelease(ITunnel tunnel)
    {
        lock (_lock)
            Post(new ReceivedConfig(tunnel, new TunnelConfig(), Initial: false) { IsRelease = true });
    }

    /// <summary>Waits for the next configuration and takes it out. Only one reader may call this.</summary>
    public ValueTask<ReceivedConfig> ReadAsync(CancellationToken cancellationToken) => _received.Reader.ReadAsync(cancellationToken);

    private void Post(ReceivedConfig config)
    {
        _lastPosted = config.Tunnel;
        _received.Writer.TryWrite(config);
    }
}

/// <summary>A configuration that a hub sent.</summary>
/// <param name="Tunnel">The tunnel that it came from, and that its answer goes to.</param>
/// <param name="Config">The whole configuration.</param>
/// <param name="Initial">Whether it is the tunnel's first configuration.</param>
internal sealed record ReceivedConfig(ITunnel Tunnel, TunnelConfig Config, bool Initial)
{
    /// <summary>The configuration's revision; 0 when the hub gives none.</summary>
    public long Revision => Config.Hub?.Rev ?? 0;

    /// <summary>True when this is no configuration: the ports are to be closed, and the hub is told nothing.</summary>
    public bool IsRelease { get; init; }
}
