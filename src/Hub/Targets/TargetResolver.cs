using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Tunnel.Hub.Targets;

/// <summary>
/// Resolves the names of upstreams by the system's resolver, which knows hosts files and search domains, and does not tell the TTL. An
/// answer is kept for a few seconds: long enough that thousands of connections a second share one query, and short enough to follow a
/// service that moves.
/// </summary>
internal sealed class TargetResolver(TimeProvider time, Func<string, Task<IPAddress[]>>? lookUp = null)
{
    // Names come from the operator's policies, so this limit only guards against accidents.
    private const int Capacity = 4096;
    private static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(5);
    private readonly ConcurrentDictionary<string, ResolvedHost> _entries = new();
    private readonly Func<string, Task<IPAddress[]>> _lookUp = lookUp ?? Dns.GetHostAddressesAsync;

    /// <summary>Returns the addresses if they are known without a query; an address literal always is.</summary>
    public bool TryResolve(string host, out IPAddress[] addresses)
    {
        addresses = [];
        if (!_entries.TryGetValue(host, out var entry))
        {
            if (!IPAddress.TryParse(host, out var literal))
                return false;
            entry = new ResolvedHost(Task.FromResult<IPAddress[]>([literal]), DateTimeOffset.MaxValue);
            Keep(host, entry);
        }

        if (!entry.Addresses.IsCompleted || entry.GoodUntil <= time.GetUtcNow())
            return false;
        addresses = entry.Addresses.Result;
        return true;
    }

    /// <summary>Queries the addresses; empty when the name has none or nobody answers. Does not throw.</summary>
    public Task<IPAddress[]> ResolveAsync(string host)
    {
        var now = time.GetUtcNow();
        if (_entries.TryGetValue(host, out var entry) && (!entry.Addresses.IsCompleted || entry.GoodUntil > now))
            return entry.Addresses;
        // Two callers at once may query twice; the later answer is kept.
        entry = new ResolvedHost(LookUpAsync(host), now + Lifetime);
        Keep(host, entry);
        return entry.Addresses;
    }

    private async Task<IPAddress[]> LookUpAsync(string host)
    {
        try
        {
            return await _lookUp(host);
        }
        catch (Exception e) when (e is SocketException or ArgumentException)
        {
            return [];
        }
    }

    private void Keep(string host, ResolvedHost entry)
    {
        if (_entries.Count >= Capacity)
            _entries.Clear();
        _entries[host] = entry;
    }

    private sealed record ResolvedHost(Task<IPAddress[]> Addresses, DateTimeOffset GoodUntil);
}
