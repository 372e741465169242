using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Tunnel.Hub.Blocks;
using Tunnel.Hub.Edges.Allowed;
using Tunnel.Hub.Events;
using Tunnel.Shared.Guarding;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport;

namespace Tunnel.Hub.Edges.Live;

/// <summary>
/// Tells each edge what it is to do, and again whenever that changes: its definition, blocks, how many clients its ports admit, and what is
/// announced of the hub. It also ends the tunnels of edges that are no longer allowed.
/// </summary>
internal sealed class ConfigPusher : IDisposable
{
    private readonly Lock _lock;
    private readonly Func<ImmutableArray<EdgeTunnel>> _tunnels;
    private readonly IAllowedEdges _allowed;
    private readonly ITimedBlocks _blocks;
    private readonly HubEventFeed _events;
    private readonly LiveEdgesOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly HubAnnouncements _announced = new();

    /// <param name="registry">The registry's lock, under which a tunnel's configuration is changed and sent.</param>
    /// <param name="tunnels">Returns all tunnels that have not ended.</param>
    /// <param name="allowed">The allowed edges.</param>
    /// <param name="blocks">The sources that are blocked for a limited time.</param>
    /// <param name="events">The hub's events.</param>
    /// <param name="options">How long OPENs are served for a port that was taken away, and what ports admit.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">The registry's log.</param>
    public ConfigPusher(
        Lock registry, Func<ImmutableArray<EdgeTunnel>> tunnels, IAllowedEdges allowed, ITimedBlocks blocks, HubEventFeed events,
        LiveEdgesOptions options, TimeProvider time, ILogger logger)
    {
        _lock = registry;
        _tunnels = tunnels;
        _allowed = allowed;
        _blocks = blocks;
        _events = events;
        _options = options;
        _time = time;
        _logger = logger;
        Pushes = new ConfigPushes(time);
        _allowed.Changed += OnAllowedChanged;
        _blocks.Changed += OnBlocksChanged;
    }

    /// <summary>Counts the configurations that were pushed, and measures how long edges took to apply them.</summary>
    public ConfigPushes Pushes { get; }

    /// <inheritdoc/>
    public void Dispose()
    {
        _allowed.Changed -= OnAllowedChanged;
        _blocks.Changed -= OnBlocksChanged;
    }

    /// <summary>Makes the first configuration for a tunnel.</summary>
    /// <param name="edge">The edge, which has authenticated.</param>
    /// <param name="hub">What the hub says of itself and of this tunnel.</param>
    /// <returns>The configuration, and the version of the blocks in it.</returns>
    public (TunnelConfig Config, long Blocks) First(AllowedEdge edge, HubInfo hub)
    {
        // The version is read before the blocks themselves, so that a block made in between is sent twice and not missed.
        var version = _blocks.Version;
        lock (_lock)
            hub = _announced.ApplyTo(hub);
        return (EdgeConfigs.Create(edge, _allowed.Count, hub, _blocks.For(edge.Id), _options.Rates(edge.Id)), version);
    }

    /// <summary>Sends a tunnel that has just begun what has changed since its first configuration was made.</summary>
    public void CatchUp(EdgeTunnel live) => Refresh(live, blocksChanged: live.BlocksVersion != _blocks.Version);

    /// <summary>Tells all edges, including later ones, which pins to accept.</summary>
    public void AnnouncePins(ImmutableArray<string> pins)
    {
        lock (_lock)
            _announced.Pins = pins;
        RefreshAll();
    }

    /// <summary>Tells all edges, including later ones, the hub's future address; null: nothing is announced any more.</summary>
    public void AnnounceAddress(string? address)
    {
        lock (_lock)
            _announced.Address = address;
        RefreshAll();
    }

    /// <summary>Tells an edge that its ports admit more or fewer clients.</summary>
    public void RefreshRates(string edgeId)
    {
        foreach (var live in _tunnels().Where(live => live.EdgeId == edgeId))
            Refresh(live, blocksChanged: false, ratesChanged: true);
    }

    /// <summary>Notes that an edge has applied a configuration.</summary>
    public void OnApplied(EdgeTunnel live, long revision)
    {
        Pushes.OnApplied(live, revision);
        lock (_lock)
            _announced.OnApplied(live, revision);
    }

    /// <summary>Notes that an edge has stored the hub's future address.</summary>
    public void OnKept(EdgeTunnel live, string address)
    {
        lock (_lock)
            _announced.OnKept(live.EdgeId, address);
    }

    /// <summary>Whether an edge has applied a configuration with this pin.</summary>
    public bool Knows(string edgeId, string pin)
    {
        lock (_lock)
            return _announced.KnowsPin(edgeId, pin);
    }

    /// <summary>Whether an edge has stored the hub's future address.</summary>
    public bool KnowsAddress(string edgeId, string address)
    {
        lock (_lock)
            return _announced.KnowsAddress(edgeId, address);
    }

    private void RefreshAll()
    {
        foreach (var live in _tunnels())
            Refresh(live, blocksChanged: false);
    }

    private void OnBlocksChanged(Block block)
    {
        foreach (var live in _tunnels())
        {
            if (block.AppliesTo(live.EdgeId))
                Refresh(live, blocksChanged: true);
        }
    }

    private void OnAllowedChanged(EdgeSetChange change)
    {
        lock (_lock)
        {
            foreach (var edgeId in change.Removed)
                _announced.Forget(edgeId);
        }

        var touched = change.Updated.Concat(change.Removed).Concat(change.Added).ToHashSet();
        foreach (var live in _tunnels())
        {
            if (touched.Contains(live.EdgeId))
                Refresh(live, blocksChanged: false);
        }
    }

    private void Refresh(EdgeTunnel live, bool blocksChanged, bool ratesChanged = false)
    {
        if (_allowed.Find(live.EdgeId) is not { } edge || !_allowed.IsStillValid(live.EdgeId, live.SecretId))
        {
            live.Tunnel!.CloseAsync(new TunnelEnd(TunnelEndKind.Revoked, WhyRevoked(_allowed.Find(live.EdgeId))))
                .Guard("closing a tunnel");
            return;
        }

        TunnelConfig? next;
        bool portsChanged;
        lock (_lock)
        {
            if (ReferenceEquals(edge, live.Edge) && !blocksChanged && !ratesChanged && _announced.AreIn(live.Config.Hub!))
                return;
            portsChanged = !edge.HasPortsOf(live.Edge);
            next = EdgeConfigs.Next(
                live.Config, edge, _allowed.Count, _announced, _blocks.For(edge.Id), blocksChanged, _options.Rates(edge.Id));
            live.ChangeTo(edge, next ?? live.Config, _time.GetUtcNow(), _options.Drain);
            // The configurations are sent under the lock, so that two changes at once are sent in their order.
            if (next is not null)
            {
                Pushes.OnSent(live);
                live.Tunnel!.SendConfig(next);
            }
        }

        if (next is null)
            return;
        LiveEdgesLog.ConfigPushed(_logger, live.EdgeId, next.Hub!.Rev, next.ListenPorts.Length, next.ListenPortsUdp.Length);
        if (portsChanged)
            _events.Post(new PortsUpdatedEvent(live.EdgeId, next.ListenPorts, next.ListenPortsUdp) { Time = _time.GetUtcNow() });
    }

    private static string WhyRevoked(AllowedEdge? edge) => edge switch
    {
        null => "the edge was removed",
        { Enabled: false } => "the edge was disabled",
        _ => "the secret that the edge had come with is no longer valid",
    };
}
