using Tunnel.Shared.Protocol.Addresses;

namespace Tunnel.Shared.Strangers;

/// <summary>One connection that has not authenticated yet.</summary>
public sealed class Stranger
{
    private readonly CancellationTokenSource _limit;

    internal Stranger(AddressPrefix prefix, TimeSpan timeout, TimeProvider time)
    {
        Prefix = prefix;
        AgeNode = new LinkedListNode<Stranger>(this);
        PrefixNode = new LinkedListNode<Stranger>(this);
        _limit = new CancellationTokenSource(timeout, time);
        Limit = _limit.Token;
    }

    /// <summary>Where it comes from.</summary>
    public AddressPrefix Prefix { get; }

    /// <summary>Its place among all strangers; owned by <see cref="StrangerRegistry"/>.</summary>
    internal LinkedListNode<Stranger> AgeNode { get; }

    /// <summary>Its place among the strangers of its prefix; owned by <see cref="StrangerRegistry"/>.</summary>
    internal LinkedListNode<Stranger> PrefixNode { get; }

    /// <summary>Fires when its time has passed, or when it has to give way.</summary>
    public CancellationToken Limit { get; }

    /// <summary>True after it had to give way.</summary>
    public bool GaveWay { get; private set; }

    /// <summary>Ends the connection because a newer one needs its place.</summary>
    public void GiveWay()
    {
        GaveWay = true;
        _limit.Cancel();
    }

    /// <summary>Stops the clock. Must not be called for one that has to give way, since another thread may be ending it just now.</summary>
    public void StopClock() => _limit.Dispose();
}
