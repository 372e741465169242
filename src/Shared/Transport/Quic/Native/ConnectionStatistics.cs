using System.Runtime.InteropServices;

namespace Tunnel.Shared.Transport.Quic.Native;

/// <summary>QUIC_STATISTICS_V2, as far as it is read.</summary>
[StructLayout(LayoutKind.Explicit, Size = 208)]
internal struct ConnectionStatistics
{
    [FieldOffset(8)]
    private readonly uint _flags;

    /// <summary>The smoothed round trip in microseconds.</summary>
    [FieldOffset(12)]
    public readonly uint RoundTripMicroseconds;

    /// <summary>The largest packet that the path takes, as found so far.</summary>
    [FieldOffset(60)]
    public readonly ushort PathMtu;

    /// <summary>The client had to prove its address.</summary>
    public readonly bool WasRetried => (_flags & 2) != 0;
}
