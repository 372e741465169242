using System.Net;
using System.Runtime.InteropServices;
using Tunnel.Shared.Protocol.Addresses;
using Tunnel.Shared.Sockets;

namespace Tunnel.Shared.Strangers;

/// <summary>
/// The connections that have not authenticated yet. Above a limit the oldest one gives way (of the same prefix, or of all) and the
/// newcomer is not turned away: whoever holds silent connections open can't lock out an edge that sends its line at once.
/// </summary>
public sealed class StrangerRegistry(StrangerLimits limits, TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly LinkedList<Stranger> _byAge = new();
    private readonly Dictionary<AddressPrefix, LinkedList<Stranger>> _byPrefix = [];

    /// <summary>The number of strangers now.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
                return _byAge.Count;
        }
    }

    /// <summary>Registers a connection as a stranger.</summary>
    /// <param name="address">The address that it comes from.</param>
    /// <param name="evicted">The stranger that has to give way, already removed; the caller aborts it. Null when there is room.</param>
    public Stranger Enter(IPAddress address, out Stranger? evicted)
    {
        var stranger = new Stranger(AddressPrefix.Of(address), limits.Timeout, time);
        lock (_lock)
        {
            evicted = ChooseOldest(stranger.Prefix);
            if (evicted is not null)
                Remove(evicted);
            if (!_byPrefix.TryGetValue(stranger.Prefix, out var ofPrefix))
                _byPrefix.Add(stranger.Prefix, ofPrefix = new LinkedList<Stranger>());
            _byAge.AddLast(stranger.AgeNode);
            ofPrefix.AddLast(stranger.PrefixNode);
        }

        return stranger;
    }

    /// <summary>
    /// Whether a connection that has just come may keep its descriptor. When they run short the oldest stranger gives way, so that silent
    /// connections lock out nobody here either; beyond the second limit, and where there is no other stranger, the newcomer has to go.
    /// </summary>
    /// <param name="newcomer">Its socket.</param>
    /// <param name="descriptors">Knows whether they run short.</param>
    public bool MayKeep(SafeHandle newcomer, DescriptorGuard descriptors)
    {
        if (!descriptors.IsOver(newcomer, DescriptorUse.Stranger))
            return true;
        if (descriptors.IsOver(newcomer, DescriptorUse.Newcomer) || TakeOldest() is not { } oldest)
            return false;
        oldest.GiveWay();
        return true;
    }

    /// <summary>Removes a connection that has authenticated or is closed. Does nothing when it is already removed.</summary>
    /// <returns>False when it had to give way before.</returns>
    public bool Leave(Stranger stranger)
    {
        lock (_lock)
            return Remove(stranger);
    }

    /// <summary>Ends all strangers because the hub stops.</summary>
    public void EndAll()
    {
        Stranger[] all;
        lock (_lock)
        {
            all = [.. _byAge];
            foreach (var stranger in all)
                Remove(stranger);
        }

        foreach (var stranger in all)
            stranger.GiveWay();
    }

    private Stranger? TakeOldest()
    {
        lock (_lock)
        {
            var oldest = _byAge.First?.Value;
            if (oldest is not null)
                Remove(oldest);
            return oldest;
        }
    }

    private Stranger? ChooseOldest(AddressPrefix prefix)
    {
        if (_byPrefix.TryGetValue(prefix, out var ofPrefix) && ofPrefix.Count >= limits.PerPrefix)
            return ofPrefix.First!.Value;
        return _byAge.Count >= limits.Total ? _byAge.First!.Value : null;
    }

    private bool Remove(Stranger stranger)
    {
        if (stranger.AgeNode.List is null)
            return false;
        _byAge.Remove(stranger.AgeNode);
        var ofPrefix = stranger.PrefixNode.List!;
        ofPrefix.Remove(stranger.PrefixNode);
        if (ofPrefix.Count == 0)
            _byPrefix.Remove(stranger.Prefix);
        return true;
    }
}
