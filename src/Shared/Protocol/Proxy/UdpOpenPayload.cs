using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Net;

namespace Tunnel.Shared.Protocol.Proxy;

/// <summary>
/// A UDP_OPEN's payload: a PROXY v2 header for DGRAM and, with the extension <c>port</c>, the edge's listening port in a field of type 0xE0
/// (protocol.md section 3).
/// </summary>
public static class UdpOpenPayload
{
    /// <summary>The most bytes of a payload: 520 after the fixed part. Ours have at most 57.</summary>
    public const int MaxLength = ProxyV2.FixedLength + 520;

    /// <summary>Writes the payload without allocating; LOCAL if an address is missing.</summary>
    /// <param name="buffer">The destination; 57 bytes are always enough.</param>
    /// <param name="source">The client, or null if unknown.</param>
    /// <param name="destination">Where the client sent to, or null if unknown.</param>
    /// <param name="listeningPort">The edge's listening port, 1–65535; null towards a base peer.</param>
    /// <returns>The bytes written.</returns>
    public static int Write(Span<byte> buffer, IPEndPoint? source, IPEndPoint? destination, int? listeningPort)
    {
        var writer = new ProxyV2Writer(buffer, source, destination, ProxyTransport.Datagram);
        if (listeningPort is { } port)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(port, Port.Min, nameof(listeningPort));
            ArgumentOutOfRangeException.ThrowIfGreaterThan(port, Port.Max, nameof(listeningPort));
            Span<byte> value = stackalloc byte[sizeof(ushort)];
            BinaryPrimitives.WriteUInt16BigEndian(value, (ushort)port);
            writer.Add(ProxyTlvType.ListeningPort, value);
        }

        return writer.Finish();
    }

    /// <summary>Reads a whole payload; anything after it is an error. Accepts any input.</summary>
    public static bool TryParse(
        ReadOnlySpan<byte> payload, out IPEndPoint? source, out IPEndPoint? destination, out int? listeningPort,
        [NotNullWhen(false)] out string? error)
    {
        (source, destination, listeningPort) = (null, null, null);
        error = Parse(payload, out var header, out listeningPort);
        if (error is not null)
            return false;
        (source, destination) = (header.Source, header.Destination);
        return true;
    }

    private static string? Parse(ReadOnlySpan<byte> payload, out ProxyHeader header, out int? listeningPort)
    {
        listeningPort = null;
        var status = ProxyV2.TryParse(payload, MaxLength, out header, out var tlvs, out var consumed);
        if (status != ProxyParseStatus.Complete)
            return $"the payload is not a valid PROXY v2 header of at most {MaxLength} bytes";
        if (consumed != payload.Length)
            return $"{payload.Length - consumed} bytes follow the PROXY v2 header";
        if (header.Transport == ProxyTransport.Stream)
            return "the PROXY v2 header is for STREAM, not DGRAM";

        foreach (var tlv in tlvs)
        {
            if (tlv.Type != ProxyTlvType.ListeningPort)
                continue;
            if (listeningPort is not null)
                return "the listening port is given twice";
            if (tlv.Value.Length != sizeof(ushort) || BinaryPrimitives.ReadUInt16BigEndian(tlv.Value) is not (>= Port.Min and var port))
                return "the listening port is not a port from 1 to 65535";
            listeningPort = port;
        }

        return null;
    }
}
