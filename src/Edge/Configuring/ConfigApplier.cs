using Microsoft.Extensions.Logging;
using Tunnel.Edge.Connecting;
using Tunnel.Edge.Firewall;
using Tunnel.Edge.Ports;
using Tunnel.Edge.PublicAddress;

namespace Tunnel.Edge.Configuring;

/// <summary>
/// Applies configurations one after the other, away from the tunnel's read loop, since binding a thousand ports takes a while: the firewall
/// first, then the ports, then the report to the hub. It reports again whenever what is bound changes without a configuration.
/// </summary>
internal sealed class ConfigApplier
{
    /// <summary>Two REPORTs answer each configuration, and a hub takes 10 of them a second (protocol.md section 3).</summary>
    internal static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(200);

    private readonly ConfigInbox _inbox;
    private readonly IPacketFilter _filter;
    private readonly PortListeners _ports;
    private readonly PublicAddressMonitor _publicAddress;
    private readonly PinStore _pins;
    private readonly IPortsObserver _observer;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private volatile ReceivedConfig? _applied;

    public ConfigApplier(
        ConfigInbox inbox, IPacketFilter filter, PortListeners ports, PublicAddressMonitor publicAddress, PinStore pins,
        IPortsObserver observer, TimeProvider time, ILogger logger)
    {
        (_inbox, _filter, _ports, _publicAddress, _pins) = (inbox, filter, ports, publicAddress, pins);
        (_observer, _time, _logger) = (observer, time, logger);
        ports.Changed += OnPortsChanged;
    }

    /// <summary>Applies what comes until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await foreach (var received in _inbox.ReadAllAsync(cancellationToken))
        {
            try
            {
                if (received.IsRelease)
                {
                    Release(received);
                    continue;
                }

                // Before its ports are bound: nobody gets in who shall not.
                await _filter.ApplyAsync(received.Tunnel, received.Config, received.Initial, cancellationToken);
                Apply(received);
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
            {
                // One configuration that can't be digested must not end hot reload for good.
                ConfiguringLog.ConfigFaulted(_logger, e);
            }

            await Task.Delay(Pace, _time, cancellationToken);
        }
    }

    // The packet filter stays as it is: it lets nobody in.
    private void Release(ReceivedConfig received)
    {
        _applied = null;
        if (_ports.GetState() is { Bound.Length: 0, Failed.Count: 0 })
            return;
        _observer.OnPortsApplied(received.Revision, _ports.Apply(PortSet.Empty), initial: false);
    }

    private void Apply(ReceivedConfig received)
    {
        _pins.Announce(received.Config.Hub?.Pins ?? []);
        _publicAddress.NoteSeen(received.Config.Hub?.SeenAs);
        _publicAddress.SetInterval(received.Config.StunIntervalSecs);
        var state = _ports.Apply(PortSet.From(received.Config));
        _applied = received;
        ConfiguringLog.ConfigApplied(_logger, received.Revision, state.Bound.Length, state.Failed.Count);
        Tell(received, state);
    }

    /// <summary>What is bound has changed without a new configuration.</summary>
    private void OnPortsChanged(PortState state)
    {
        if (_applied is { } applied)
            Tell(applied with { Initial = false }, state);
    }

    private void Tell(ReceivedConfig applied, PortState state)
    {
        applied.Tunnel.SendReport(PortReport.Create(applied.Revision, state));
        _observer.OnPortsApplied(applied.Revision, state, applied.Initial);
    }
}
