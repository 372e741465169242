using Tunnel.Edge.Status;
using Tunnel.Shared.Operator;

namespace Tunnel.Edge.Top;

/// <summary>What has happened between two statuses, in words.</summary>
internal static class EdgeChanges
{
    public static IEnumerable<string> Between(EdgeStatus before, EdgeStatus now)
    {
        if (before.Connected && !now.Connected)
            yield return $"the tunnel has ended{(now.LastError is { } error ? $": {error}" : "")}";
        if (now.Connected && (!before.Connected || before.Since != now.Since))
            yield return $"connected to {now.HubAddress} over {now.Transport} ({now.TransportReason})";
        if (!now.Connected && now.LastError != before.LastError && now.LastError is { } why)
            yield return why;
        foreach (var line in OfPorts("tcp", before.ListenPorts, now.ListenPorts).Concat(
            OfPorts("udp", before.ListenPortsUdp, now.ListenPortsUdp)))
            yield return line;
        foreach (var failure in now.FailedPorts.Except(before.FailedPorts))
            yield return $"can't bind {failure.Proto}/{failure.Port}{(failure.To is { } to ? $"-{to}" : "")}: {failure.Error}";
        if (now.Firewall?.State != before.Firewall?.State)
            yield return $"firewall {now.Firewall?.State ?? "none"}";
        if (now.Firewall?.Drift is { } drift && drift.Count != before.Firewall?.Drift?.Count)
            yield return $"firewall changed by somebody else: {drift.What}";
        if (now.PublicIp != before.PublicIp && now.PublicIp is { } address)
            yield return $"the public address is {address}";
    }

    private static IEnumerable<string> OfPorts(string proto, IReadOnlyCollection<int> before, IReadOnlyCollection<int> now)
    {
        if (now.Except(before).ToArray() is { Length: > 0 } bound)
            yield return $"listens on {proto} {PortList.Format(bound)}";
        if (before.Except(now).ToArray() is { Length: > 0 } gone)
            yield return $"no longer listens on {proto} {PortList.Format(gone)}";
    }
}
