using System.Net;
using Tunnel.Edge.Events;
using Tunnel.Edge.Status;
using Tunnel.Shared.Operator;
using Tunnel.Shared.Text;

namespace Tunnel.Edge.Admin;

/// <summary>
/// Keeps the last events of an edge in words, but for those of clients, of which there may be thousands a second. Bounded; thread-safe.
/// </summary>
internal sealed class EdgeEventLog
{
    /// <summary>How many events are kept.</summary>
    public const int Capacity = 200;

    private const int MaxText = 400;

    private readonly TimeProvider _time;
    private readonly Lock _lock = new();
    private readonly Queue<EdgeEventLine> _events = new();
    private long _lastId;

    /// <summary>Begins to keep what happens at an edge.</summary>
    public EdgeEventLog(TunnelEdge edge, TimeProvider time)
    {
        _time = time;
        // A process that follows this one goes on with higher numbers.
        _lastId = time.GetUtcNow().UtcTicks;
        edge.TunnelConnected += (_, e) => Add($"connected to {e.Hub} over {e.Transport} ({e.Reason})");
        edge.TunnelDisconnected += (_, e) => Add($"the tunnel to {e.Hub} has ended: {e.Reason}");
        edge.TunnelLost += (_, e) => Add(
            $"the connection to {e.Hub} is lost, and what is open waits for another one ({CountText.Of(e.Streams, "stream")}): {e.Reason}");
        edge.TunnelResumed += (_, e) => Add(
            $"the tunnel goes on at {e.Hub} after {e.LostFor.TotalSeconds:0.0} s with {CountText.Of(e.Streams, "stream")}");
        edge.PortsAssigned += (_, e) => Add(Describe(e));
        edge.PortsUpdated += (_, e) => Add(Describe(e));
        edge.PublicIpDiscovered += (_, e) => Add($"the public address is {Both(e.PublicIp, e.PublicIpv6)}");
        edge.FirewallConfigUpdated += (_, e) => Add(e.Applied ? "the firewall is in force" : $"the firewall is not in force: {e.Error}");
        edge.FirewallDrifted += (_, e) =>
            Add($"somebody else has changed the firewall: {e.What}; it {(e.Mended ? "was" : "could not be")} put back");
        edge.CrashRecovered += (_, _) => Add("the last run was cut off, and what it had left is cleaned up");
        edge.CrashRecoveryFailed += (_, e) => Add($"the last run was cut off, and something that it left can't be cleaned up: {e.Error}");
    }

    /// <summary>Returns the events after this one, the oldest first.</summary>
    public EdgeEventLine[] After(long id)
    {
        lock (_lock)
            return [.. _events.Where(line => line.Id > id)];
    }

    private void Add(string text)
    {
        lock (_lock)
        {
            _events.Enqueue(new EdgeEventLine(++_lastId, _time.GetUtcNow(), text.Length <= MaxText ? text : text[..MaxText] + " …"));
            if (_events.Count > Capacity)
                _events.Dequeue();
        }
    }

    private static string Describe(PortsEvent ports)
    {
        var failed = ports.FailedPorts.Select(port => $"{port}: {port.Error}");
        var text = $"configuration {ports.Revision}: listens on tcp {List([.. ports.ListenPorts])}, udp {List([.. ports.ListenPortsUdp])}";
        return ports.FailedPorts.IsEmpty ? text : $"{text}; can't bind {string.Join(", ", failed.Take(10))}";
    }

    private static string List(int[] ports) => ports.Length == 0 ? "none" : PortList.Format(ports);

    private static string Both(IPAddress first, IPAddress? second) =>
        second is null || second.Equals(first) ? $"{first}" : $"{first} and {second}";
}
