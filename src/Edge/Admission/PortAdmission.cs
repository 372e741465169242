using Tunnel.Edge.Endpoints;
using Tunnel.Edge.Refusing;
using Tunnel.Shared.Protocol.Messages;

namespace Tunnel.Edge.Admission;

/// <summary>
/// Applies one port's policy to each client before a stream is opened, and counts the clients that are turned away. A client that is turned
/// away costs no stream, and no allocation beyond the entry of its address.
/// </summary>
internal sealed class PortAdmission(PortKey port, EdgePortPolicy policy, RefusalCounters totals, IBlockedClients blocked, TimeProvider time)
{
    /// <summary>How many addresses without connections are remembered because of their rate.</summary>
    internal const int MaxAddresses = 65_536;

    private readonly Lock _lock = new();
    private readonly AddressTable _addresses = new(time, MaxAddresses);
    private volatile EdgePortPolicy _policy = policy;
    private RateBucket _rate;
    private int _active;
    private long _total;

    public PortKey Port => port;

    /// <summary>The sources that are let in at no port.</summary>
    public BlockedSources Sources { get; init; } = new();

    /// <summary>The policy that applies to clients that come from now on.</summary>
    public EdgePortPolicy Policy
    {
        get => _policy;
        set => _policy = value;
    }

    /// <summary>The number of clients that are in now.</summary>
    public int Active => Volatile.Read(ref _active);

    /// <summary>The number of clients that were ever let in.</summary>
    public long Total => Volatile.Read(ref _total);

    /// <summary>Counts the clients of this port that were turned away.</summary>
    public RefusalCounters Refusals { get; } = new();

    /// <summary>Lets a client in, or returns the reason why not. For each client that is let in, call <see cref="Leave"/>.</summary>
    /// <param name="client">The client's address; null when it is not known.</param>
    /// <param name="entry">What to give to <see cref="Leave"/>.</param>
    public RefusalReason? TryEnter(UInt128? client, out AddressEntry? entry)
    {
        entry = null;
        var policy = _policy;
        if (client is { } source && Sources.Current.Contains(source))
            return RefusalReason.Blocked;
        if (policy.HasLists && !(client is { } known && policy.Permits(known)))
            return RefusalReason.Denied;
        lock (_lock)
        {
            if (_active >= policy.MaxConnections)
                return RefusalReason.MaxConnections;
            if (policy.Adaptive is { } rate && !_rate.TryTake(rate, burst: rate, time, time.GetTimestamp()))
                return RefusalReason.Adaptive;
            if (client is { } address && _addresses.TryEnter(address, policy, out entry) is { } refusal)
                return refusal;
            _active++;
            _total++;
            return null;
        }
    }

    /// <summary>Counts out a client that <see cref="TryEnter"/> let in.</summary>
    public void Leave(AddressEntry? entry)
    {
        lock (_lock)
        {
            _active--;
            if (entry is not null)
                _addresses.Leave(entry);
        }
    }

    /// <summary>Returns this port's counts, together with the bytes that the port has counted.</summary>
    public PortStatistics GetStatistics((long In, long Out) bytes) => new(Active, Total, bytes.In, bytes.Out, Refusals.ToDictionary());

    /// <summary>Counts dropped datagrams whose clients are not known.</summary>
    public void CountDrops(RefusalReason reason, int count)
    {
        totals.Count(reason, count);
        Refusals.Count(reason, count);
        totals.CountDatagram(reason, count);
    }

    /// <summary>Counts a client that was turned away, for any reason.</summary>
    public void CountRefusal(RefusalReason reason, UInt128? client)
    {
        totals.Count(reason);
        Refusals.Count(reason);
        if (port.Protocol == PortProtocol.Udp)
            totals.CountDatagram(reason);
        blocked.Add(port, reason, client, _policy.LogConnections);
    }
}
