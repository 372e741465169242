namespace Tunnel.Shared.Protocol.Proxy;

/// <summary>
/// Reads the PROXY header that a balancer in front of an edge puts before a TCP connection; the first byte tells v1 from v2.
/// </summary>
public static class InboundProxyHeader
{
    /// <summary>The most bytes of a header, which also bounds v2's additional fields.</summary>
    public const int MaxLength = 4096;

    /// <summary>Reads the header that <paramref name="data"/> begins with. Accepts any input.</summary>
    /// <param name="data">What was received so far, not empty. While the header is incomplete, all of it belongs to the header.</param>
    /// <param name="header">The header, if complete.</param>
    /// <param name="consumed">The header's length, if complete.</param>
    public static ProxyParseStatus TryParse(ReadOnlySpan<byte> data, out ProxyHeader header, out int consumed)
    {
        if (data[0] == (byte)'P')
            return ProxyV1.TryParse(data, out header, out consumed);
        var status = ProxyV2.TryParse(data, MaxLength, out header, out _, out consumed);
        // A datagram's header is wrong before a stream.
        if (status != ProxyParseStatus.Complete || header.Transport != ProxyTransport.Datagram)
            return status;
        (header, consumed) = (default, 0);
        return ProxyParseStatus.Invalid;
    }
}
