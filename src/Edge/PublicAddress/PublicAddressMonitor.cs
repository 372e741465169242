using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Tunnel.Edge.Endpoints;
using Tunnel.Shared.Protocol.Addresses;

namespace Tunnel.Edge.PublicAddress;

/// <summary>Makes one STUN transaction with a server. Outside of tests this is <see cref="StunClient.AskAsync"/>.</summary>
internal delegate Task<StunOutcome> StunQuestion(IPEndPoint server, CancellationToken cancellationToken);

/// <summary>
/// Asks STUN servers for this machine's public addresses: first when the hub's first configuration says how often, then at that interval.
/// An address stays known while no server answers. In a family in which no server has told an address, the address that the hub has seen is
/// used, if it is public.
/// </summary>
/// <param name="servers">The servers, in the order in which they are asked; an empty list switches the look-ups off.</param>
/// <param name="ask">Asks one server.</param>
/// <param name="resolver">Resolves the servers' names.</param>
/// <param name="changed">Is called when an address was found that is new or has changed.</param>
/// <param name="time">The clock for the interval.</param>
/// <param name="logger">The log.</param>
internal sealed class PublicAddressMonitor(
    ImmutableArray<DnsEndPoint> servers, StunQuestion ask, NameResolver resolver, Action<PublicAddresses> changed, TimeProvider time,
    ILogger logger)
{
    /// <summary>The interval in seconds when the hub does not set one.</summary>
    public const int DefaultIntervalSeconds = 300;

    /// <summary>
    /// The shortest interval in seconds. The servers belong to other people, so no hub can make this edge ask more often.
    /// </summary>
    public const int MinIntervalSeconds = 10;

    private static readonly TimeSpan ResolveTimeout = TimeSpan.FromSeconds(10);

    /// <summary>The longest wait at once, since a timer takes no more than 49 days. Longer intervals wait several times.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromDays(1);

    private readonly Channel<TimeSpan> _intervals = Channel.CreateBounded<TimeSpan>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });

    private readonly Lock _lock = new();
    private PublicAddresses _told = PublicAddresses.Unknown;
    private PublicAddresses _seen = PublicAddresses.Unknown;
    private PublicAddresses _current = PublicAddresses.Unknown;
    private bool _warned;

    /// <summary>The addresses that are known now.</summary>
    public PublicAddresses Current => Volatile.Read(ref _current);

    /// <summary>Sets the interval from the hub's configuration.</summary>
    /// <param name="seconds">The interval; 0 switches the look-ups off, null means the default.</param>
    public void SetInterval(int? seconds) =>
        _intervals.Writer.TryWrite(seconds is 0 ? Timeout.InfiniteTimeSpan : TimeSpan.FromSeconds(
            Math.Max(seconds ?? DefaultIntervalSeconds, MinIntervalSeconds)));

    /// <summary>Notes the address from which the hub saw this edge: that of a NAT or a proxy in between when there is one.</summary>
    public void NoteSeen(IPAddress? seen)
    {
        if (seen is null || AddressScopes.Of(seen) != AddressScope.Public)
            return;
        lock (_lock)
        {
            _seen = seen.AddressFamily == AddressFamily.InterNetwork ? _seen with { IPv4 = seen } : _seen with { IPv6 = seen };
            Decide();
        }
    }

    /// <summary>Looks up the addresses at each interval until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        if (servers.IsDefaultOrEmpty)
            return;
        PublicAddressLog.PublicAddressAsked(logger, string.Join(", ", servers.Select(server => $"{server.Host}:{server.Port}")));
        var interval = Timeout.InfiniteTimeSpan;
        long? last = null;
        while (true)
        {
            var wait = interval == Timeout.InfiniteTimeSpan
                ? interval
                : last is { } at
                ? interval - time.GetElapsedTime(at)
                : TimeSpan.Zero;
            if (wait <= TimeSpan.Zero && wait != Timeout.InfiniteTimeSpan)
            {
                last = time.GetTimestamp();
                await LookUpAsync(cancellationToken);
            }
            else
            {
                interval = await NextIntervalAsync(wait, cancellationToken) ?? interval;
            }
        }
    }

    /// <summary>Waits until the time has passed (returns null) or another interval was set (returns that).</summary>
    private async Task<TimeSpan?> NextIntervalAsync(TimeSpan wait, CancellationToken cancellationToken)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var due = Task.Delay(wait < LongestWait ? wait : LongestWait, time, over.Token);
        await Task.WhenAny(due, _intervals.Reader.WaitToReadAsync(over.Token).AsTask());
        await over.CancelAsync();
        cancellationToken.ThrowIfCancellationRequested();
        return _intervals.Reader.TryRead(out var interval) ? interval : null;
    }

    private async Task LookUpAsync(CancellationToken cancellationToken)
    {
        var found = await Task.WhenAll(
            AskAllAsync(AddressFamily.InterNetwork, cancellationToken), AskAllAsync(AddressFamily.InterNetworkV6, cancellationToken));
        (var ipv4, var ipv6) = (found[0], found[1]);
        if (ipv4.Address is null && ipv6.Address is null)
            NoteFailure($"IPv4: {ipv4.Error}; IPv6: {ipv6.Error}");
        else
            _warned = false;

        // Most machines have one address family, so no answer is expected in the other.
        lock (_lock)
        {
            _told = new(ipv4.Address ?? _told.IPv4, ipv6.Address ?? _told.IPv6);
            Decide();
        }
    }

    /// <summary>Computes the current addresses. Call it under the lock, so that changes are reported in their order.</summary>
    private void Decide()
    {
        PublicAddresses next = new(_told.IPv4 ?? _seen.IPv4, _told.IPv6 ?? _seen.IPv6);
        if (next == _current)
            return;
        Volatile.Write(ref _current, next);
        PublicAddressLog.PublicAddressFound(logger, next);
        changed(next);
    }

    /// <summary>Returns the answer of the first server that answers in this family; else why the last one did not.</summary>
    private async Task<StunOutcome> AskAllAsync(AddressFamily family, CancellationToken cancellationToken)
    {
        var outcome = StunOutcome.Failed("no server");
        foreach (var server in servers)
        {
            var address = await ResolveAsync(server.Host, family, cancellationToken);
            outcome = address is null
                ? StunOutcome.Failed($"{server.Host} has no such address")
                : await ask(new IPEndPoint(address, server.Port), cancellationToken);
            if (outcome.Address?.AddressFamily == family)
                return outcome;
            outcome = StunOutcome.Failed($"{server.Host}:{server.Port}: {outcome.Error ?? $"answered {outcome.Address}"}");
        }

        return outcome;
    }

    private async Task<IPAddress?> ResolveAsync(string host, AddressFamily family, CancellationToken cancellationToken)
    {
        if (IPAddress.TryParse(host, out var literal))
            return literal.AddressFamily == family ? literal : null;
        try
        {
            var addresses = await resolver(host, cancellationToken).WaitAsync(ResolveTimeout, time, cancellationToken);
            return Array.Find(addresses, address => address.AddressFamily == family);
        }
        catch (Exception e) when (e is SocketException or TimeoutException)
        {
            return null;
        }
    }

    private void NoteFailure(string error)
    {
        if (_warned)
            PublicAddressLog.PublicAddressStillNotFound(logger, error);
        else
            PublicAddressLog.PublicAddressNotFound(logger, error);
        _warned = true;
    }
}
