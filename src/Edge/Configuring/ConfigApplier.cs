using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Tunnel.Edge.Connecting;
using Tunnel.Edge.Firewall;
using Tunnel.Edge.Ports;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport;

namespace Tunnel.Edge.Configuring;

/// <summary>
/// Applies configurations one after the other, away from the tunnel's read loop, since binding a thousand ports takes a while; only the
/// newest that waits is applied. Then it reports to the hub, and again whenever a retry changed something.
/// </summary>
internal sealed class ConfigApplier(PinStore pins, IConnectorObserver observer, TimeProvider time, ILogger logger)
{
    /// <summary>Two REPORTs answer each configuration, and a hub takes 10 of them a second (protocol.md section 3).</summary>
    internal static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(200);

    private readonly Channel<Update> _updates = Channel.CreateBounded<Update>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });

    private readonly Lock _gate = new();
    private ITunnel? _lastPosted;
    private volatile Update? _applied;

    /// <summary>The first configuration of a tunnel, from the handshake; ignored when a pushed one was faster.</summary>
    public void PostInitial(ITunnel tunnel, TunnelConfig config)
    {
        lock (_gate)
        {
            if (_lastPosted != tunnel)
                Post(new Update(tunnel, config, Initial: true));
        }
    }

    /// <summary>A configuration that was pushed.</summary>
    public void PostPushed(ITunnel tunnel, TunnelConfig config)
    {
        lock (_gate)
            Post(new Update(tunnel, config, Initial: false));
    }

    /// <summary>Applies what is posted until cancelled.</summary>
    public async Task RunAsync(PortListeners ports, IPacketFilter filter, CancellationToken cancellationToken)
    {
        await foreach (Update update in _updates.Reader.ReadAllAsync(cancellationToken))
        {
            try
            {
                // Before its ports are bound: nobody gets in who shall not.
                await filter.ApplyAsync(update.Tunnel, update.Config, update.Initial, cancellationToken);
                Apply(ports, update);
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
            {
                // One configuration that can't be digested must not end hot reload for good.
                logger.ConfigFaulted(e);
            }

            await Task.Delay(Pace, time, cancellationToken);
        }
    }

    /// <summary>What is bound has changed without a new configuration.</summary>
    public void OnPortsChanged(PortState state)
    {
        if (_applied is { } applied)
            Tell(applied with { Initial = false }, state);
    }

    private void Post(Update update)
    {
        _lastPosted = update.Tunnel;
        _updates.Writer.TryWrite(update);
    }

    private void Apply(PortListeners ports, Update update)
    {
        pins.Announce(update.Config.Hub?.Pins ?? []);
        observer.OnConfiguration(update.Config);
        PortState state = ports.Apply(PortSet.From(update.Config));
        _applied = update;
        logger.ConfigApplied(update.Revision, state.Bound.Length, state.Failed.Count);
        Tell(update, state);
    }

    private void Tell(Update update, PortState state)
    {
        update.Tunnel.SendReport(PortReport.Create(update.Revision, state));
        observer.OnPortsApplied(update.Revision, state, update.Initial);
    }

    private sealed record Update(ITunnel Tunnel, TunnelConfig Config, bool Initial)
    {
        public long Revision => Config.Hub?.Rev ?? 0;
    }
}
