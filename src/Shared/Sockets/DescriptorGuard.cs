using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Tunnel.Shared.Sockets;

/// <summary>
/// Knows when the process runs out of file descriptors. Linux hands out the lowest free number, so a socket that got number n proves
/// that n descriptors are open: the check costs nothing and needs no count that could drift. Both programs ask it about each socket that
/// others can cause; what is left beyond is for their own files and lookups, and for the runtime. May be used from any thread.
/// </summary>
public sealed class DescriptorGuard : IDisposable
{
    /// <summary>
    /// The least limit with which a program starts: about 250 descriptors are its own libraries, and the reserve, and the rest is for
    /// connections.
    /// </summary>
    public const int MinLimit = 512;

    /// <summary>One of so many descriptors is kept from clients, two thirds of these from strangers and one third from everybody.</summary>
    private const int ReservedShare = 10;

    private const int MinReserved = 96;

    /// <summary>Enough for 16 threads of the runtime.</summary>
    private const int ReserveSize = 32;

    /// <summary>How long everybody is refused after there was none left, before it is looked whether there are some again.</summary>
    internal static readonly TimeSpan ShortagePause = TimeSpan.FromSeconds(1);

    private readonly Func<long> _readLimit;
    private readonly TimeProvider _time;
    private readonly DescriptorReserve _reserve;
    private long _shortSince;

    /// <param name="readLimit">Asks for the present limit, for every socket: an operator may lower it at any time, and it costs next to
    /// nothing.</param>
    /// <param name="time">The clock of a shortage.</param>
    public DescriptorGuard(Func<long> readLimit, TimeProvider time)
    {
        (_readLimit, _time) = (readLimit, time);
        _reserve = new DescriptorReserve(ReserveSize);
        _reserve.TryFill();
    }

    /// <summary>Most descriptors that the process may have now.</summary>
    public long Limit => _readLimit();

    /// <summary>There was none left, and not enough of them are there again.</summary>
    public bool IsShort => Volatile.Read(ref _shortSince) != 0;

    /// <summary>The guard for this process.</summary>
    public static DescriptorGuard ForProcess(TimeProvider time) => new(() => DescriptorLimit.Read().Soft, time);

    /// <summary>Why a program can't start with the present limit, for the operator; null when it can.</summary>
    /// <param name="program">Its name.</param>
    /// <param name="limit">Most descriptors that it may have.</param>
    public static string? Objection(string program, long limit) => limit >= MinLimit
        ? null
        : $"{program}: the limit of file descriptors is {limit}, and at least {MinLimit} are needed. Raise it: LimitNOFILE= in the unit, "
            + "elsewhere ulimit -Hn.";

    /// <summary>Whether <paramref name="taken"/>, just made or accepted, is one too many for this use and has to be closed again.</summary>
    public bool IsOver(SafeHandle taken, DescriptorUse use) => IsOver(taken.DangerousGetHandle(), use);

    /// <inheritdoc cref="IsOver(SafeHandle, DescriptorUse)"/>
    public bool IsOver(nint taken, DescriptorUse use) => taken >= Least(use) || (use < DescriptorUse.Newcomer && IsStillShort());

    /// <summary>
    /// The same for a client's socket that was just asked for; closes it when it is one too many. That there was none is noted.
    /// </summary>
    internal bool Refuses(SafeHandle asked)
    {
        if (asked.IsInvalid)
        {
            if (SocketConnector.ToSocketError(NativeSocket.LastError) != SocketError.TooManyOpenSockets)
                return false;
            OnShortage();
            return true;
        }

        if (!IsOver(asked, DescriptorUse.Client))
            return false;
        asked.Dispose();
        return true;
    }

    /// <summary>The same for a client's or a port's socket, as the error that it would be without the reserve.</summary>
    /// <exception cref="SocketException"><see cref="SocketError.TooManyOpenSockets"/>.</exception>
    public void Check(Socket made)
    {
        if (IsOver(made.SafeHandle, DescriptorUse.Client))
            throw new SocketException((int)SocketError.TooManyOpenSockets);
    }

    /// <summary>
    /// There was no descriptor for a socket: gives up those that are held for this moment, and refuses everybody for a while.
    /// </summary>
    public void OnShortage()
    {
        _reserve.Release();
        Volatile.Write(ref _shortSince, _time.GetTimestamp());
    }

    /// <inheritdoc/>
    public void Dispose() => _reserve.Dispose();

    /// <summary>The least number that is too large.</summary>
    private long Least(DescriptorUse use)
    {
        var limit = Limit;
        var reserved = Math.Max(limit / ReservedShare, MinReserved);
        return limit - use switch
        {
            DescriptorUse.Client => reserved,
            DescriptorUse.Stranger => reserved / 3 * 2,
            DescriptorUse.Newcomer => reserved / 2,
            _ => reserved / 3,
        };
    }

    /// <summary>A shortage is over when the reserve can be filled again: otherwise the next clients would take what it gave up.</summary>
    private bool IsStillShort()
    {
        var since = Volatile.Read(ref _shortSince);
        if (since == 0 || _time.GetElapsedTime(since) < ShortagePause)
            return since != 0;
        if (!_reserve.TryFill())
        {
            OnShortage();
            return true;
        }

        Interlocked.CompareExchange(ref _shortSince, 0, since);
        return false;
    }
}
