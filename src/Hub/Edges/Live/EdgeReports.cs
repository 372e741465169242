using Microsoft.Extensions.Logging;
using Tunnel.Hub.Events;
using Tunnel.Shared.Protocol.Messages;

namespace Tunnel.Hub.Edges.Live;

/// <summary>Takes what edges report of their machines: which ports are bound, the firewall, the public address.</summary>
/// <param name="sync">The registry's lock.</param>
/// <param name="slots">The edges that have tunnels; guarded by the lock.</param>
/// <param name="configs">Is told which configurations are applied.</param>
/// <param name="events">Is told what is new.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">The log.</param>
internal sealed class EdgeReports(
    Lock sync, Dictionary<string, EdgeSlot> slots, ConfigPusher configs, HubEventFeed events, TimeProvider time, ILogger logger)
{
    /// <summary>Handles the report of the ports that are bound, and of those that can't be.</summary>
    public void OnPorts(EdgeTunnel live, Report report)
    {
        configs.OnApplied(live, report.Rev);
        var (bound, failedPorts) =
            (report.Bound.Sum(port => port.Count), report.Failed.Sum(port => (port.To ?? port.Port) - port.Port + 1));
        LiveEdgesLog.ConfigApplied(logger, live.EdgeId, report.Rev, bound, failedPorts);
        events.Post(new PortsAppliedEvent(
            live.EdgeId, report.Rev, bound, failedPorts,
            [.. report.Failed.Take(PortsAppliedEvent.MaxFailedPorts)])
        { Time = time.GetUtcNow() });
        foreach (var failed in report.Failed)
            LiveEdgesLog.PortFailed(logger, live.EdgeId, failed, failed.Error);
    }

    /// <summary>Handles the report that a firewall configuration was applied, or why it was not.</summary>
    public void OnFirewall(EdgeTunnel live, long revision, FirewallReport firewall)
    {
        if (firewall.Drift is { } drift)
        {
            LiveEdgesLog.FirewallDrifted(logger, live.EdgeId, drift.What, drift.Mended ? "it was put back" : "it can't be put back");
            events.Post(new FirewallDriftedEvent(live.EdgeId, drift.What, drift.Mended) { Time = time.GetUtcNow() });
        }

        LiveEdgesLog.FirewallReported(
            logger, firewall.Fault is null ? LogLevel.Information : LogLevel.Warning, live.EdgeId, revision,
            firewall.Fault ?? firewall.State);
        events.Post(
            new FirewallConfigUpdatedEvent(live.EdgeId, revision, firewall.Fault is null, firewall.Fault) { Time = time.GetUtcNow() });
    }

    /// <summary>Handles the report of the address that the world sees.</summary>
    public void OnPublicAddress(EdgeTunnel live, string address)
    {
        lock (sync)
        {
            // An edge reports its address again after a reconnect.
            if (!slots.TryGetValue(live.EdgeId, out var slot) || slot.PublicIp == address)
                return;
            slot.PublicIp = address;
        }

        events.Post(new PublicIpDiscoveredEvent(live.EdgeId, address) { Time = time.GetUtcNow() });
    }
}
