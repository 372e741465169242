using System.Net.Sockets;
using Tunnel.Shared.Sockets;

namespace Tunnel.Shared.Transport.Tls.Connections;

/// <summary>
/// The kernel's side of a tunnel's TCP connection (tcp(7), socket(7), linux/tcp.h): the options that are set on it, and the figures that it
/// reports. No member throws once the connection is closed: its next read or write fails instead.
/// </summary>
internal sealed class TcpOptions(Socket socket)
{
    /// <summary>
    /// A round trip below this means one machine or one network, where 1 MiB of window carries far more than one thread decrypts.
    /// </summary>
    private static readonly TimeSpan Near = TimeSpan.FromMicroseconds(300);

    /// <summary>A path that was near and now has at least this round trip (a machine that moved) needs a larger window.</summary>
    private static readonly TimeSpan Far = TimeSpan.FromMilliseconds(1);

    // The kernel doubles this value, to have room for its own records, and caps it at net.core.rmem_max. Measured beside four uploads: with
    // 256 KiB in all an echo takes 1.5 ms (p50) and bulk a tenth more CPU time; with 1 MiB an echo takes 2.1 ms and bulk costs as much as
    // without a limit; without a limit an echo takes 7.5 ms.
    private const int NearReceiveBuffer = 512 << 10;

    // Bytes that may wait unsent in the kernel: more would only queue where the scheduler can't reorder them (protocol.md section 5).
    private const int NotSentLowWater = 128 << 10;

    // Bytes that stay unacknowledged for this long end the connection, as a second line behind the liveness limit (protocol.md section 3).
    private const int UserTimeoutMilliseconds = 45_000;

    // With every retry the kernel doubles the time to the next, up to two minutes: after a cut of 20 s the next retry would come when
    // nobody waits any more. With this limit a connection goes on within 3 s of the path's return.
    private const int MaxRetransmitMilliseconds = 3_000;

    private const int TcpLevel = 6;
    private const int TcpInfo = 11;
    private const int TcpCongestion = 13;
    private const int TcpUserTimeout = 18;
    private const int TcpThinLinearTimeouts = 16;
    private const int TcpMaxRetransmit = 44;
    private const int InfoRoundTrip = 68;
    private const int InfoAcknowledged = 120;
    private const int InfoNotSent = 144;
    private const int InfoShortestRoundTrip = 148;
    private const int SocketLevel = 1;
    private const int ReceiveBuffer = 8;
    private const int BufferLock = 72;

    // The headers of IPv6 and TCP have as many bytes.
    private const int LargestHeaders = 60;

    private bool _limitsReceiveBuffer;

    /// <summary>The smoothed round trip, or null when the kernel does not say.</summary>
    public TimeSpan? RoundTrip => ReadTime(InfoRoundTrip);

    /// <summary>The shortest round trip of the last minutes, or null when the kernel does not say.</summary>
    public TimeSpan? ShortestRoundTrip => ReadTime(InfoShortestRoundTrip);

    /// <summary>Bytes that the kernel has not sent even once; 0 when it does not say.</summary>
    public uint UnsentBytes => ReadInfo(InfoNotSent) ?? 0;

    /// <summary>Bytes that the peer has acknowledged since the connect, modulo 2^32; 0 when the kernel does not say.</summary>
    public uint AcknowledgedBytes => ReadInfo(InfoAcknowledged) ?? 0;

    /// <summary>Sets the options that every connection to a hub gets before its handshake.</summary>
    public void Prepare()
    {
        socket.NoDelay = true;
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        Set(TcpLevel, TcpUserTimeout, BitConverter.GetBytes(UserTimeoutMilliseconds));
        NativeSocket.LimitUnsent(socket, NotSentLowWater);
        // This needs Linux 6.15; before that, only connections with little data under way can be kept from doubling.
        if (!TrySet(TcpLevel, TcpMaxRetransmit, BitConverter.GetBytes(MaxRetransmitMilliseconds)))
            TrySet(TcpLevel, TcpThinLinearTimeouts, BitConverter.GetBytes(1));
    }

    /// <summary>The largest segment that fits into packets of so many bytes with either IP version.</summary>
    public static int? MaxSegment(int? maxPacket) => maxPacket - LargestHeaders;

    /// <summary>Asks the kernel for a congestion control, which may be missing or not allowed.</summary>
    public void Use(CongestionControl congestion)
    {
        var name = congestion.KernelName;
        if (!name.IsEmpty && !TrySetCongestionControl(name))
            congestion.NoteMissing();
    }

    /// <summary>Asks for a congestion control by its name in the kernel.</summary>
    /// <returns>False when the kernel has none of that name, or does not allow it.</returns>
    public bool TrySetCongestionControl(ReadOnlySpan<byte> name) => TrySet(TcpLevel, TcpCongestion, name);

    /// <summary>
    /// Keeps the receive buffer of a near peer small. Auto-tuning would give it megabytes, in which, whenever this end is slower than its
    /// peer, bulk waits in front of every keystroke; bytes that are still at the peer are in the order of its scheduler instead. A far path
    /// needs the kernel's tuning, and is hardly ever the faster part.
    /// </summary>
    public void LimitReceiveBufferOfNearPeer()
    {
        // Limit the buffer only where that can be undone (since Linux 5.15).
        if (ShortestRoundTrip is not { } roundTrip || roundTrip > Near || !TryUnlockBuffers())
            return;
        _limitsReceiveBuffer = TrySet(SocketLevel, ReceiveBuffer, BitConverter.GetBytes(NearReceiveBuffer));
    }

    /// <summary>Returns the receive buffer to the kernel's tuning when the path has become long. To be called now and then.</summary>
    public void FollowPath()
    {
        if (_limitsReceiveBuffer && ShortestRoundTrip > Far)
            _limitsReceiveBuffer = !TryUnlockBuffers();
    }

    private bool TryUnlockBuffers() => TrySet(SocketLevel, BufferLock, BitConverter.GetBytes(0));

    private TimeSpan? ReadTime(int field) =>
        ReadInfo(field) is { } microseconds and not uint.MaxValue ? TimeSpan.FromMicroseconds(microseconds) : null;

    // Also returns null where the kernel is older than the field.
    private uint? ReadInfo(int field)
    {
        Span<byte> info = stackalloc byte[InfoShortestRoundTrip + sizeof(uint)];
        try
        {
            var length = socket.GetRawSocketOption(TcpLevel, TcpInfo, info);
            return length >= field + sizeof(uint) ? BitConverter.ToUInt32(info[field..]) : null;
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            return null;
        }
    }

    private bool TrySet(int level, int name, ReadOnlySpan<byte> value)
    {
        try
        {
            Set(level, name, value);
            return true;
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            return false;
        }
    }

    private void Set(int level, int name, ReadOnlySpan<byte> value) => socket.SetRawSocketOption(level, name, value);
}
