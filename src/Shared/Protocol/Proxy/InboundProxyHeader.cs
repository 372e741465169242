namespace Tunnel.Shared.Protocol.Proxy;

/// <summary>
/// The PROXY header that a balancer in front of an edge puts before a TCP connection: v1 or v2, told apart by the first byte.
/// </summary>
public static class InboundProxyHeader
{
    /// <summary>Bytes that a header may have; v2's additional fields are bounded by it.</summary>
    public const int MaxLength = 4096;

    /// <summary>Reads the header that <paramref name="data"/> begins with. Takes any input.</summary>
    /// <param name="data">What was received so far, not empty. All of it belongs to the header when that is incomplete.</param>
    /// <param name="header">The header, if complete.</param>
    /// <param name="consumed">The header's length, if complete.</param>
    public static ProxyParseStatus TryParse(ReadOnlySpan<byte> data, out ProxyHeader header, out int consumed)
    {
        if (data[0] == (byte)'P')
            return ProxyV1.TryParse(data, out header, out consumed);
        var status = ProxyV2.TryParse(data, MaxLength, out header, out _, out consumed);
        // A datagram's header has no business before a stream.
        if (status != ProxyParseStatus.Complete || header.Transport != ProxyTransport.Datagram)
            return status;
        (header, consumed) = (default, 0);
        return ProxyParseStatus.Invalid;
    }
}
