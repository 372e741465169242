using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Tunnel.Edge.Connecting;
using Tunnel.Edge.Firewall;
using Tunnel.Edge.Ports;
using Tunnel.Edge.PublicAddress;
using Tunnel.Shared.Guarding;
using Tunnel.Shared.Protocol.Messages;

namespace Tunnel.Edge.Configuring;

/// <summary>
/// Applies configurations one after the other: first the firewall, then the ports, then the report to the hub. This happens away from the
/// tunnel's read loop, since binding a thousand ports takes a while. It reports again whenever what is bound changes without a
/// configuration. Of several hubs one's configuration is in force (<see cref="ConfigElection"/>), and all are told what is bound.
/// </summary>
internal sealed class ConfigApplier
{
    /// <summary>Two REPORTs answer each configuration, and a hub accepts 10 of them per second (protocol.md section 3).</summary>
    internal static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(200);

    /// <summary>How long to wait before a configuration is applied again when a part of it met an unexpected fault.</summary>
    internal static readonly TimeSpan RetryPause = TimeSpan.FromSeconds(10);

    private readonly ConfigInbox _inbox;
    private readonly IPacketFilter _filter;
    private readonly PortListeners _ports;
    private readonly PublicAddressMonitor _publicAddress;
    private readonly IReadOnlyList<HubRecord> _hubs;
    private readonly ConfigElection _election;
    private readonly IPortsObserver _observer;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly TaskCompletionSource _first = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile AppliedConfig? _applied;

    public ConfigApplier(
        ConfigInbox inbox, IPacketFilter filter, PortListeners ports, PublicAddressMonitor publicAddress,
        IReadOnlyList<HubRecord> hubs, IPortsObserver observer, TimeProvider time, ILogger logger)
    {
        (_inbox, _filter, _ports, _publicAddress, _hubs) = (inbox, filter, ports, publicAddress, hubs);
        (_observer, _time, _logger) = (observer, time, logger);
        _election = new ConfigElection(time);
        ports.Changed += OnPortsChanged;
    }

    /// <summary>Completes when the first configuration was applied.</summary>
    public Task First => _first.Task;

    /// <summary>Applies each configuration that arrives until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        ReceivedConfig? faulty = null;
        while (true)
        {
            var received = await NextAsync(faulty, cancellationToken);
            faulty = await TakeAsync(received, faulty is not null, cancellationToken) ? null : _election.InForce ?? received;
            await Task.Delay(Pace, _time, cancellationToken);
        }
    }

    // Returns the next configuration, or, after a pause, the faulty one for another try.
    private async Task<ReceivedConfig> NextAsync(ReceivedConfig? faulty, CancellationToken cancellationToken)
    {
        if (faulty is null)
            return await _inbox.ReadAsync(cancellationToken);
        using var pause = new CancellationTokenSource(RetryPause, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(pause.Token, cancellationToken);
        try
        {
            return await _inbox.ReadAsync(either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return faulty;
        }
    }

    /// <returns>Whether all that had to be done could be done.</returns>
    private async Task<bool> TakeAsync(ReceivedConfig received, bool again, CancellationToken cancellationToken)
    {
        var noted = received.IsRelease || received.IsGone
            ? null
            : await TryAsync("what the hub says of itself", () => Note(received));
        var isNews = _election.Take(received);
        NoteStates();
        if (received.IsRelease && _election.InForce is null)
            return await TryAsync("closing all ports", () => Release(received)) is null;
        if (_election.InForce is { } inForce && (isNews || again))
            return await ApplyAsync(inForce, isFresh: ReferenceEquals(received, inForce), cancellationToken) && noted is null;
        if (_applied is { } applied && _election.InForce is { } same)
        {
            _applied = applied with { InForce = same, Present = _election.Present };
            await TryAsync("the firewall's report", () => _filter.TellHubs(_election.Asking));
            await TryAsync("the report", () => Answer(received));
        }

        return noted is null;
    }

    // It is not fresh when another hub's end or blocks are why it is applied: then it is no new chance for what was taken back.
    /// <returns>
    /// Whether all of it was applied. A stage throws only because of a bug of ours, and then the other stages still do their work.
    /// </returns>
    private async Task<bool> ApplyAsync(ReceivedConfig received, bool isFresh, CancellationToken cancellationToken)
    {
        // The filter comes before the ports are bound, so that nobody gets in who is to be kept out.
        var filtered = await TryAsync(
            "the firewall",
            () => _filter.ApplyAsync(_election.Asking, received.Config, received.Initial && isFresh, cancellationToken),
            cancellationToken);
        PortState? state = null;
        var bound = await TryAsync("the ports", () => state = _ports.Apply(PortSet.From(received.Config)));
        var applied = _applied = new AppliedConfig(received, _election.Present);
        _first.TrySetResult();
        var told = await TryAsync("the report", () => Tell(
            applied, state ?? Without(_ports.GetState(), received.Config, $"unexpected fault: {bound!.Message}"),
            received.Initial && isFresh));
        if (state is not null)
            ConfiguringLog.ConfigApplied(_logger, received.Revision, state.Bound.Length, state.Failed.Count);
        return (filtered ?? bound ?? told) is null;
    }

    // Returns what is bound, with every other wanted port as failed.
    private static PortState Without(PortState state, TunnelConfig config, string why)
    {
        var failed = state.Failed.Copy();
        foreach (var port in PortSet.From(config).Ports.Except(state.Bound))
            failed.Set(port, why);
        return state with { Failed = failed };
    }

    private static Task<Exception?> TryAsync(string stage, Action act) => TryAsync(
        stage,
        () =>
        {
            act();
            return Task.CompletedTask;
        },
        CancellationToken.None);

    /// <returns>The exception that was thrown; null when there was none.</returns>
    private static Task<Exception?> TryAsync(string stage, Func<Task> act, CancellationToken cancellationToken) =>
        Defects.TryAsync($"applying a configuration: {stage}", act, cancellationToken);

    // The packet filter stays as it is, because it lets nobody in.
    private void Release(ReceivedConfig received)
    {
        _applied = null;
        if (_ports.GetState() is { Bound.Length: 0, Failed.Count: 0 })
            return;
        _observer.OnPortsApplied(received.Revision, _ports.Apply(PortSet.Empty), initial: false);
    }

    private void Note(ReceivedConfig received)
    {
        var config = received.Config;
        _hubs[received.Hub].Pins.Announce(config.Hub?.Pins ?? []);
        _publicAddress.NoteSeen(config.Hub?.SeenAs);
        _publicAddress.SetInterval(config.StunIntervalSecs);
    }

    private void NoteStates()
    {
        var present = _election.Present;
        for (var hub = 0; hub < _hubs.Count; hub++)
        {
            var config = present.FirstOrDefault(config => config.Hub == hub);
            _hubs[hub].Info = config?.Config.Hub;
            _hubs[hub].IsOutdated = config is not null && _election.IsOutdated(config);
        }
    }

    /// <summary>Handles a change of what is bound that came without a new configuration.</summary>
    private void OnPortsChanged(PortState state)
    {
        if (_applied is { } applied)
            Tell(applied, state, initial: false);
    }

    private void Tell(AppliedConfig applied, PortState state, bool initial)
    {
        Report(applied.InForce, state);
        foreach (var other in applied.Present.Where(other => other.Hub != applied.InForce.Hub))
            Answer(other, state);
        _observer.OnPortsApplied(applied.InForce.Revision, state, initial);
    }

    // A hub whose configuration is not in force, or was already, is told what is bound all the same.
    private void Answer(ReceivedConfig received)
    {
        if (!received.IsGone && !received.IsRelease)
            Answer(received, _ports.GetState());
    }

    private static void Answer(ReceivedConfig other, PortState state)
    {
        var failed = state.Failed.Copy();
        foreach (var port in PortSet.From(other.Config).Ports.Except(state.Bound).Where(port => failed[port] is null))
            failed.Set(port, "another hub of this edge has a newer configuration");
        Report(other, state with { Failed = failed });
    }

    private static void Report(ReceivedConfig received, PortState state) =>
        received.Tunnel.SendReport(PortReport.Create(received.Revision, state));

    /// <summary>The configuration that was applied last, and those that each hub with a tunnel has sent.</summary>
    private sealed record AppliedConfig(ReceivedConfig InForce, ImmutableArray<ReceivedConfig> Present);
}
