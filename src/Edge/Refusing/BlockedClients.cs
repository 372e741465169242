using System.Collections.Immutable;
using Tunnel.Edge.Connecting;
using Tunnel.Edge.Endpoints;
using Tunnel.Shared.Guarding;
using Tunnel.Shared.Protocol.Addresses;
using Tunnel.Shared.Protocol.Messages;

namespace Tunnel.Edge.Refusing;

/// <summary>
/// Tells the hub once a second who was turned away: how many clients by port and reason, and at ports with <c>logConnections</c> also which
/// ones. Its size is bounded, whatever comes: a report names a limited number of clients and counts the rest. What can't be sent because
/// there is no tunnel waits, as numbers only.
/// </summary>
internal sealed class BlockedClients : IBlockedClients, IDisposable
{
    /// <summary>
    /// A hub takes 10 REPORTs of all kinds per second, of at most 64 KiB each; 250 counts and 300 clients take less than 60.
    /// </summary>
    internal static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    internal const int MaxClients = 300;
    private const int MaxCounts = 250;

    private readonly Lock _lock = new();
    private readonly Dictionary<(PortKey Port, RefusalReason Reason), long> _counts = [];
    private readonly Dictionary<(PortKey Port, RefusalReason Reason, UInt128 Client), long> _clients = [];
    private readonly ITunnelSource _tunnels;
    private readonly ITimer _timer;
    private long _dropped;

    public BlockedClients(ITunnelSource tunnels, TimeProvider time)
    {
        _tunnels = tunnels;
        _timer = time.CreateGuardedTimer(static self => self.Tell(), this, Interval, Interval);
    }

    public void Add(PortKey port, RefusalReason reason, UInt128? client, bool log)
    {
        lock (_lock)
        {
            // The size is bounded by the number of ports and reasons.
            _counts[(port, reason)] = _counts.GetValueOrDefault((port, reason)) + 1;
            if (!log)
                return;
            if (client is { } address && (_clients.Count < MaxClients || _clients.ContainsKey((port, reason, address))))
                _clients[(port, reason, address)] = _clients.GetValueOrDefault((port, reason, address)) + 1;
            else
                _dropped++;
        }
    }

    public void Dispose() => _timer.Dispose();

    private void Tell()
    {
        if (_tunnels.Current is { } tunnel && TakeReport() is { } report)
            tunnel.SendReport(report);
    }

    private Report? TakeReport()
    {
        lock (_lock)
        {
            if (_counts.Count == 0)
                return null;
            var counts = _counts.Take(MaxCounts).ToArray();
            foreach (var count in counts)
                _counts.Remove(count.Key);
            var report = new BlockedReport
            {
                Counts = [.. counts.Select(count => new BlockedCount(
                    count.Key.Port.Number, count.Key.Port.ProtocolName, RefusalCounters.NameOf(count.Key.Reason), count.Value))],
                Sources = [.. _clients.Select(client => ToSource(client.Key, client.Value))],
                Dropped = _dropped,
            };
            _clients.Clear();
            _dropped = 0;
            return new Report { Kind = Report.Blocked, BlockedClients = report };
        }
    }

    private static BlockedSource ToSource((PortKey Port, RefusalReason Reason, UInt128 Client) key, long count) =>
        new(
            key.Port.Number, key.Port.ProtocolName, RefusalCounters.NameOf(key.Reason), AddressNumber.ToAddress(key.Client).ToString(),
            count);
}
