using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Tunnel.Shared.Sockets;

/// <summary>
/// Knows when the process runs out of file descriptors. Linux hands out the lowest free number, so a socket that got number n proves that n
/// descriptors are open: the check costs nothing and needs no count that could drift. Both programs ask it about each socket that others
/// can cause; the remaining descriptors are for their own files and lookups, and for the runtime. May be used from any thread.
/// </summary>
public sealed class DescriptorGuard : IDisposable
{
    /// <summary>
    /// The lowest limit with which a program starts. Its libraries and the reserve take about 250 descriptors; the rest is for connections.
    /// </summary>
    public const int MinLimit = 512;

    /// <summary>
    /// One in this many descriptors is kept from clients; two thirds of those are also kept from strangers, and one third from everybody.
    /// </summary>
    private const int ReservedShare = 10;

    private const int MinReserved = 96;

    /// <summary>Descriptors in reserve: enough for 16 threads of the runtime.</summary>
    private const int ReserveSize = 32;

    /// <summary>
    /// After descriptors ran out, clients and strangers are refused for this long before the guard checks whether there are some again.
    /// </summary>
    internal static readonly TimeSpan ShortagePause = TimeSpan.FromSeconds(1);

    private readonly Func<long> _readLimit;
    private readonly TimeProvider _time;
    private readonly DescriptorReserve _reserve;
    private long _shortSince;

    /// <param name="readLimit">Reads the present limit. It is called for every socket, because an operator may lower the limit at any time
    /// and the call costs next to nothing.</param>
    /// <param name="time">The clock that times a shortage.</param>
    public DescriptorGuard(Func<long> readLimit, TimeProvider time)
    {
        (_readLimit, _time) = (readLimit, time);
        _reserve = new DescriptorReserve(ReserveSize);
        _reserve.TryFill();
    }

    /// <summary>The most descriptors that the process may have now.</summary>
    public long Limit => _readLimit();

    /// <summary>True from the moment descriptors ran out until enough are free again.</summary>
    public bool IsShort => Volatile.Read(ref _shortSince) != 0;

    /// <summary>Creates a guard that reads this process's limit.</summary>
    public static DescriptorGuard ForProcess(TimeProvider time) => new(() => DescriptorLimit.Read().Soft, time);

    /// <summary>Why a program can't start with the present limit, for the operator; null when it can.</summary>
    /// <param name="program">The program's name.</param>
    /// <param name="limit">The most descriptors that the program may have.</param>
    public static string? Objection(string program, long limit) => limit >= MinLimit
        ? null
        : $"{program}: the limit of file descriptors is {limit}, and at least {MinLimit} are needed. Raise it: LimitNOFILE= in the unit, "
            + "elsewhere ulimit -Hn.";

    /// <summary>
    /// Whether <paramref name="taken"/>, just made or accepted, is one too many for this use; the caller must then close it.
    /// </summary>
    public bool IsOver(SafeHandle taken, DescriptorUse use) => IsOver(taken.DangerousGetHandle(), use);

    /// <inheritdoc cref="IsOver(SafeHandle, DescriptorUse)"/>
    public bool IsOver(nint taken, DescriptorUse use) => taken >= Least(use) || (use < DescriptorUse.Newcomer && IsStillShort());

    /// <summary>
    /// Checks a client's socket that was just created, and closes it when it is one too many. An invalid handle for lack of descriptors
    /// counts as a shortage.
    /// </summary>
    internal bool Refuses(SafeHandle asked)
    {
        if (asked.IsInvalid)
        {
            if (ErrorNumbers.ToSocketError(NativeSocket.LastError) != SocketError.TooManyOpenSockets)
                return false;
            OnShortage();
            return true;
        }

        if (!IsOver(asked, DescriptorUse.Client))
            return false;
        asked.Dispose();
        return true;
    }

    /// <summary>Checks a client's or a port's socket, and fails as the kernel does when no descriptors are left.</summary>
    /// <exception cref="SocketException">The socket is one too many (<see cref="SocketError.TooManyOpenSockets"/>).</exception>
    public void Check(Socket made)
    {
        if (IsOver(made.SafeHandle, DescriptorUse.Client))
            throw new SocketException((int)SocketError.TooManyOpenSockets);
    }

    /// <summary>
    /// Notes that there was no descriptor for a socket: releases those that are held in reserve, and refuses clients and strangers for a
    /// while.
    /// </summary>
    public void OnShortage()
    {
        _reserve.Release();
        Volatile.Write(ref _shortSince, _time.GetTimestamp());
    }

    /// <inheritdoc/>
    public void Dispose() => _reserve.Dispose();

    /// <summary>The lowest descriptor number that is too high for this use.</summary>
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

    /// <summary>A shortage has ended when the reserve can be filled again: otherwise the next clients would take what it gave up.</summary>
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
