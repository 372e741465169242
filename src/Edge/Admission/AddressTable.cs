using Tunnel.Edge.Refusing;
using Tunnel.Shared.Protocol.Addresses;
using Tunnel.Shared.Protocol.Messages;

namespace Tunnel.Edge.Admission;

/// <summary>
/// Applies one port's limits on single addresses. Its size is bounded: an address without connections is forgotten when its bucket is full
/// again; when there are too many such addresses, the one that was quiet longest is forgotten. Not thread-safe; the caller locks.
/// </summary>
internal sealed class AddressTable(TimeProvider time, int capacity)
{
    // Each call adds at most one entry; forgetting two makes the list shorter.
    private const int ForgottenAtOnce = 2;

    private readonly Dictionary<UInt128, AddressEntry> _entries = [];

    /// <summary>The addresses without connections, the one that was quiet longest first.</summary>
    private readonly LinkedList<AddressEntry> _quiet = new();

    public int Count => _entries.Count;

    /// <summary>Counts a connection in, or returns the reason why it is refused.</summary>
    /// <param name="client">The client's address, as <see cref="AddressNumber"/> writes it.</param>
    /// <param name="policy">The limits.</param>
    /// <param name="entry">What to give back to <see cref="Leave"/>; null when the policy has no limit on addresses.</param>
    public RefusalReason? TryEnter(UInt128 client, EdgePortPolicy policy, out AddressEntry? entry)
    {
        entry = null;
        if (policy is { MaxConnectionsPerIp: null, NewConnectionsPerSecondPerIp: null })
            return null;

        var now = time.GetTimestamp();
        Forget(policy, now);
        var found = Find(AddressNumber.ClientPrefixOf(client));
        RefusalReason? refusal = found.Active >= policy.MaxConnectionsPerIp ? RefusalReason.MaxConnectionsPerIp
            : policy.NewConnectionsPerSecondPerIp is { } rate
                && !found.Rate.TryTake(rate, BurstOf(policy, rate), time, now) ? RefusalReason.ConnectionRate
            : null;
        if (refusal is not null)
            return refusal;
        if (found.Active++ == 0)
            _quiet.Remove(found.Node);
        entry = found;
        return null;
    }

    /// <summary>Counts a connection out.</summary>
    public void Leave(AddressEntry entry)
    {
        if (--entry.Active == 0)
            _quiet.AddLast(entry.Node);
    }

    private static int BurstOf(EdgePortPolicy policy, int rate) => policy.NewConnectionsBurst ?? rate;

    private AddressEntry Find(UInt128 key)
    {
        if (_entries.TryGetValue(key, out var entry))
        {
            if (entry.Active == 0)
            {
                _quiet.Remove(entry.Node);
                _quiet.AddLast(entry.Node);
            }

            return entry;
        }

        // The entries with connections are bounded by the number of connections.
        if (_entries.Count >= capacity && _quiet.First is { } oldest)
            Remove(oldest.Value);
        entry = new AddressEntry(key);
        _entries.Add(key, entry);
        _quiet.AddLast(entry.Node);
        return entry;
    }

    private void Forget(EdgePortPolicy policy, long now)
    {
        for (var count = 0; count < ForgottenAtOnce && _quiet.First is { } first && IsForgettable(first.Value, policy, now); count++)
            Remove(first.Value);
    }

    private bool IsForgettable(AddressEntry entry, EdgePortPolicy policy, long now) =>
        policy.NewConnectionsPerSecondPerIp is not { } rate || entry.Rate.IsFull(rate, BurstOf(policy, rate), time, now);

    private void Remove(AddressEntry entry)
    {
        _entries.Remove(entry.Key);
        _quiet.Remove(entry.Node);
    }
}
