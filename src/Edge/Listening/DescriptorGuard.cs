using System.Net.Sockets;
using Tunnel.Shared.Sockets;

namespace Tunnel.Edge.Listening;

/// <summary>
/// Knows when the process runs out of file descriptors. Linux hands out the lowest free number, so a socket that got number n proves
/// that n descriptors are open: the check costs nothing and needs no count that could drift.
/// </summary>
internal sealed class DescriptorGuard : IDisposable
{
    /// <summary>Share of the limit from which new clients are refused; the rest is for the tunnel, the log and the admin socket.</summary>
    private const double Share = 0.9;

    /// <summary>Enough for 16 threads of the runtime.</summary>
    private const int ReserveSize = 32;

    /// <summary>How long everybody is refused after there was none left, before it is looked whether there are some again.</summary>
    internal static readonly TimeSpan ShortagePause = TimeSpan.FromSeconds(1);

    private readonly Func<long> _readLimit;
    private readonly TimeProvider _time;
    private readonly DescriptorReserve _reserve;
    private long _limit;
    private long _shortSince;

    /// <param name="readLimit">Asks for the present limit.</param>
    /// <param name="time">The clock of a shortage.</param>
    public DescriptorGuard(Func<long> readLimit, TimeProvider time)
    {
        (_readLimit, _time, _limit) = (readLimit, time, readLimit());
        _reserve = new DescriptorReserve(ReserveSize);
        _reserve.TryFill();
    }

    /// <summary>Most descriptors that the process may have, as far as it is known.</summary>
    public long Limit => Volatile.Read(ref _limit);

    /// <summary>There was none left, and not enough of them are there again.</summary>
    public bool IsShort => Volatile.Read(ref _shortSince) != 0;

    /// <summary>The guard for this process.</summary>
    public static DescriptorGuard ForProcess(TimeProvider time) => new(() => DescriptorLimit.Read().Soft, time);

    /// <summary>Whether <paramref name="accepted"/> is one too many.</summary>
    public bool IsOver(Socket accepted) => accepted.Handle >= (long)(Limit * Share) || IsStillShort();

    /// <summary>There was no descriptor for a client. The limit may have been lowered while the process runs.</summary>
    public void OnShortage()
    {
        _reserve.Release();
        Volatile.Write(ref _limit, _readLimit());
        Volatile.Write(ref _shortSince, _time.GetTimestamp());
    }

    public void Dispose() => _reserve.Dispose();

    /// <summary>A shortage is over when the reserve can be filled again: otherwise the next clients would take what it gave up.</summary>
    private bool IsStillShort()
    {
        long since = Volatile.Read(ref _shortSince);
        if (since == 0 || _time.GetElapsedTime(since) < ShortagePause)
            return since != 0;
        if (!_reserve.TryFill())
        {
            OnShortage();
            return true;
        }

        Volatile.Write(ref _limit, _readLimit());
        Interlocked.CompareExchange(ref _shortSince, 0, since);
        return false;
    }
}
