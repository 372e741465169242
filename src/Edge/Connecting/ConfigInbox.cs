using System.Threading.Channels;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport;

namespace Tunnel.Edge.Connecting;

/// <summary>Holds the configuration that each hub has sent and that is not applied yet. Only a hub's newest one counts.</summary>
/// <param name="hubs">How many hubs the edge has.</param>
internal sealed class ConfigInbox(int hubs = 1)
{
    // The hubs that have sent something, each of them once.
    private readonly Channel<int> _order = Channel.CreateBounded<int>(new BoundedChannelOptions(hubs) { SingleReader = true });
    private readonly Lock _lock = new();
    private readonly ReceivedConfig?[] _received = new ReceivedConfig?[hubs];
    private readonly ITunnel?[] _lastPosted = new ITunnel?[hubs];

    /// <summary>Adds a tunnel's first configuration, from the handshake; ignored when a pushed one arrived before it.</summary>
    public void PostInitial(ITunnel tunnel, TunnelConfig config, int hub = 0)
    {
        lock (_lock)
        {
            if (_lastPosted[hub] != tunnel)
                Post(new ReceivedConfig(tunnel, config, Initial: true) { Hub = hub });
        }
    }

    /// <summary>Adds a pushed configuration. It is the tunnel's first one when the handshake's was not posted.</summary>
    public void PostPushed(ITunnel tunnel, TunnelConfig config, int hub = 0)
    {
        lock (_lock)
            Post(new ReceivedConfig(tunnel, config, Initial: _lastPosted[hub] != tunnel) { Hub = hub });
    }

    /// <summary>Notes that another process has this edge's id: nothing may be bound until a tunnel's configuration comes.</summary>
    public void PostRelease(ITunnel tunnel, int hub = 0)
    {
        lock (_lock)
            Post(new ReceivedConfig(tunnel, new TunnelConfig(), Initial: false) { Hub = hub, IsRelease = true });
    }

    /// <summary>
    /// Notes that a tunnel has ended: where there are other hubs, what its hub has sent counts no more. Without other hubs it stays in
    /// force, and nothing is posted.
    /// </summary>
    public void PostGone(ITunnel tunnel, int hub)
    {
        if (hubs == 1)
            return;
        lock (_lock)
        {
            if (_lastPosted[hub] == tunnel && _received[hub] is not { IsRelease: true })
                Post(new ReceivedConfig(tunnel, new TunnelConfig(), Initial: false) { Hub = hub, IsGone = true });
        }
    }

    /// <summary>Waits for the next configuration and takes it out. Only one reader may call this.</summary>
    public async ValueTask<ReceivedConfig> ReadAsync(CancellationToken cancellationToken)
    {
        var hub = await _order.Reader.ReadAsync(cancellationToken);
        lock (_lock)
        {
            var received = _received[hub]!;
            _received[hub] = null;
            return received;
        }
    }

    private void Post(ReceivedConfig config)
    {
        _lastPosted[config.Hub] = config.Tunnel;
        if (_received[config.Hub] is null)
            _order.Writer.TryWrite(config.Hub);
        _received[config.Hub] = config;
    }
}

/// <summary>A configuration that a hub sent.</summary>
/// <param name="Tunnel">The tunnel that it came from, and that its answer goes to.</param>
/// <param name="Config">The whole configuration.</param>
/// <param name="Initial">Whether it is the tunnel's first configuration.</param>
internal sealed record ReceivedConfig(ITunnel Tunnel, TunnelConfig Config, bool Initial)
{
    /// <summary>Which of the edge's hubs sent it, from 0.</summary>
    public int Hub { get; init; }

    /// <summary>The configuration's revision; 0 when the hub gives none.</summary>
    public long Revision => Config.Hub?.Rev ?? 0;

    /// <summary>True when this is no configuration: the ports are to be closed, and the hub is told nothing.</summary>
    public bool IsRelease { get; init; }

    /// <summary>True when this is no configuration: the tunnel has ended, and another hub's counts.</summary>
    public bool IsGone { get; init; }
}
