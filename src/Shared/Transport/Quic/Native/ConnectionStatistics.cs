using System.Runtime.InteropServices;

namespace Tunnel.Shared.Transport.Quic.Native;

/// <summary>The part of QUIC_STATISTICS_V2 that is read.</summary>
[StructLayout(LayoutKind.Explicit, Size = 208)]
internal struct ConnectionStatistics
{
    [FieldOffset(8)]
    private readonly uint _flags;

    /// <summary>The smoothed round trip in microseconds.</summary>
    [FieldOffset(12)]
    public readonly uint RoundTripMicroseconds;

    /// <summary>Bytes of the largest packet that the path carries, as found so far.</summary>
    [FieldOffset(60)]
    public readonly ushort PathMtu;

    /// <summary>True when the client had to prove its address.</summary>
    public readonly bool WasRetried => (_flags & 2) != 0;
}
