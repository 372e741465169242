using Microsoft.Extensions.Logging;
using Tunnel.Hub.Edges.Presence;
using Tunnel.Hub.Events;
using Tunnel.Shared.Guarding;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport;

namespace Tunnel.Hub.Edges.Live;

/// <summary>Settles which tunnel of an edge takes new streams when another one comes (<see cref="TunnelRivalry"/> has the rule).</summary>
internal sealed class TunnelElection(Lock registryLock, EdgePresences presences, HubEventFeed events, TimeProvider time, ILogger logger)
{
    /// <summary>Settles a newcomer's place. Never throws.</summary>
    public async Task RunAsync(EdgeSlot slot, EdgeTunnel newcomer)
    {
        await slot.Elections.WaitAsync();
        try
        {
            if (FindRival(slot, newcomer) is { } older)
                await SettleAsync(slot, older, newcomer);
        }
        catch (Exception e)
        {
            LiveEdgesLog.ElectionFailed(logger, e, newcomer.EdgeId);
        }
        finally
        {
            slot.Elections.Release();
        }
    }

    /// <summary>Makes this the tunnel on which new streams are expected. Called under the registry's lock.</summary>
    public void MakePrimary(EdgeSlot slot, EdgeTunnel live)
    {
        slot.Primary = live;
        var isNew = slot.ConnectedSince is null;
        var before = isNew ? presences.Find(live.EdgeId) : null;
        presences.OnConnected(live.EdgeId, live.Remote, slot.ConnectedSince ??= live.Since);
        if (isNew)
            events.Post(new EdgeConnectedEvent(live.EdgeId, live.Remote) { Time = time.GetUtcNow(), LastSeen = before?.LastSeen });
    }

    private EdgeTunnel? FindRival(EdgeSlot slot, EdgeTunnel newcomer)
    {
        lock (registryLock)
        {
            if (!slot.Tunnels.Contains(newcomer) || slot.Primary == newcomer || newcomer.IsDraining)
                return null;
            if (slot.Primary is { } primary)
                return primary;
            MakePrimary(slot, newcomer);
            newcomer.Settle();
            return null;
        }
    }

    private async Task SettleAsync(EdgeSlot slot, EdgeTunnel older, EdgeTunnel newcomer)
    {
        switch (TunnelRivalry.Decide(older.Identity, newcomer.Identity, time.GetUtcNow() - slot.LastReplaced))
        {
            case RivalryOutcome.OlderDrains:
                if (TakeOver(slot, newcomer))
                    Drain(older, newcomer);
                break;
            case RivalryOutcome.NewcomerDrains:
                Drain(newcomer, older);
                break;
            case RivalryOutcome.ReplaceOlder:
                slot.LastReplaced = time.GetUtcNow();
                if (TakeOver(slot, newcomer))
                    await CloseReplacedAsync(older);
                break;
            case RivalryOutcome.RefuseNewcomer:
                await newcomer.Tunnel!.CloseAsync(
                    new TunnelEnd(TunnelEndKind.Replaced, "another tunnel of this edge took over less than 10 s ago"));
                break;
            case RivalryOutcome.ProbeOlder:
                await ProbeAsync(slot, older, newcomer);
                break;
        }
    }

    private async Task ProbeAsync(EdgeSlot slot, EdgeTunnel older, EdgeTunnel newcomer)
    {
        if (slot.Rival is not { } rival || rival.Tunnel != older.Tunnel)
            slot.Rival = rival = new RivalWatch(older.Tunnel!, time);
        if (await rival.IsAliveAsync())
        {
            rival.OnTurnedAway();
            // This is determined before the newcomer hears of the conflict and comes back.
            var isFirst = IsFirst(slot, newcomer);
            newcomer.Tunnel!.SendGoAway(GoAway.Conflict);
            presences.OnConflict(newcomer.EdgeId, newcomer.Remote, newcomer.Identity.Instance);
            if (isFirst)
            {
                LiveEdgesLog.Conflict(logger, newcomer.EdgeId, older.Remote, newcomer.Remote);
                events.Post(new EdgeConflictEvent(newcomer.EdgeId, older.Remote, newcomer.Remote) { Time = time.GetUtcNow() });
            }

            await newcomer.Tunnel.CloseAsync(
                new TunnelEnd(TunnelEndKind.Closed, "another process with this edge id is connected and alive"));
            return;
        }

        if (TakeOver(slot, newcomer))
            await CloseReplacedAsync(older);
    }

    private bool IsFirst(EdgeSlot slot, EdgeTunnel newcomer)
    {
        lock (registryLock)
        {
            if (slot.TurnedAway == newcomer.Identity.Instance)
                return false;
            slot.TurnedAway = newcomer.Identity.Instance;
            return true;
        }
    }

    /// <returns>False when the newcomer has already ended; then the present tunnel stays.</returns>
    private bool TakeOver(EdgeSlot slot, EdgeTunnel newcomer)
    {
        lock (registryLock)
        {
            if (!slot.Tunnels.Contains(newcomer))
                return false;
            MakePrimary(slot, newcomer);
            newcomer.Settle();
            slot.TurnedAway = null;
            return true;
        }
    }

    private void Drain(EdgeTunnel draining, EdgeTunnel other)
    {
        lock (registryLock)
            draining.IsDraining = true;
        LiveEdgesLog.TakenOver(logger, draining.EdgeId, other.Remote, draining.Remote);
        draining.Tunnel!.SendGoAway(GoAway.Replaced);
        CloseWhenDrainedAsync(draining.Tunnel).Guard("closing a tunnel");
    }

    // There is no time limit: its streams and sessions may be long, and a dead tunnel ends by itself.
    private async Task CloseWhenDrainedAsync(ITunnel tunnel)
    {
        await tunnel.WaitUntilUnusedAsync(time, CancellationToken.None);
        await tunnel.CloseAsync(new TunnelEnd(TunnelEndKind.Replaced, "a newer tunnel of this edge took over, and nothing is left on it"));
    }

    private static Task CloseReplacedAsync(EdgeTunnel older) =>
        older.Tunnel!.CloseAsync(new TunnelEnd(TunnelEndKind.Replaced, "another tunnel of this edge took its place"));
}
