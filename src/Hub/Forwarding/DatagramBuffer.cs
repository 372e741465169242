namespace Tunnel.Hub.Forwarding;

/// <summary>
/// One buffer a thread for the datagram that is just passing: an idle session holds none. Not to be used across an await, nor handed to anyone
/// who keeps it.
/// </summary>
internal static class DatagramBuffer
{
    /// <summary>Bytes of the largest UDP payload over IPv4: 65,535 less the IP and UDP headers.</summary>
    public const int MaxPayload = 65_507;

    [ThreadStatic]
    private static byte[]? _buffer;

    /// <summary>This thread's buffer; large enough that no datagram is cut.</summary>
    public static Span<byte> Current => _buffer ??= new byte[ushort.MaxValue + 1];
}
