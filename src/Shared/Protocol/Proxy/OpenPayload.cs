using System.Diagnostics.CodeAnalysis;
using System.Net;

namespace Tunnel.Shared.Protocol.Proxy;

/// <summary>An OPEN's payload: a PROXY v1 line, and (extension <c>port</c>) a line <c>PORT 443\r\n</c> (protocol.md section 3).</summary>
public static class OpenPayload
{
    /// <summary>The most bytes of a payload.</summary>
    public const int MaxLength = ProxyV1.MaxLength + 12;

    private static ReadOnlySpan<byte> Keyword => "PORT "u8;

    private static ReadOnlySpan<byte> LineEnd => "\r\n"u8;

    /// <summary>Writes the payload without allocating.</summary>
    /// <param name="buffer">The destination; <see cref="MaxLength"/> bytes are always enough.</param>
    /// <param name="source">The client, or null if unknown.</param>
    /// <param name="destination">Where the client connected to, or null if unknown.</param>
    /// <param name="listeningPort">The edge's listening port, 1–65535; null towards a base peer.</param>
    /// <returns>The bytes written.</returns>
    public static int Write(Span<byte> buffer, IPEndPoint? source, IPEndPoint? destination, int? listeningPort)
    {
        var length = ProxyV1.Write(buffer, source, destination);
        if (listeningPort is not { } port)
            return length;

        ArgumentOutOfRangeException.ThrowIfLessThan(port, Port.Min, nameof(listeningPort));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(port, Port.Max, nameof(listeningPort));
        Keyword.CopyTo(buffer[length..]);
        length += Keyword.Length;
        length += AddressText.WriteNumber(port, buffer[length..]);
        LineEnd.CopyTo(buffer[length..]);
        return length + LineEnd.Length;
    }

    /// <summary>Reads a whole payload; anything after it is an error. Accepts any input.</summary>
    public static bool TryParse(
        ReadOnlySpan<byte> payload, out IPEndPoint? source, out IPEndPoint? destination, out int? listeningPort,
        [NotNullWhen(false)] out string? error)
    {
        (source, destination, listeningPort, error) = (null, null, null, null);
        if (ProxyV1.TryParse(payload, out var header, out var consumed) != ProxyParseStatus.Complete)
        {
            error = "the payload does not begin with a valid PROXY v1 line";
            return false;
        }

        var rest = payload[consumed..];
        if (!rest.IsEmpty && !TryParsePort(rest, out listeningPort))
        {
            error = "what follows the PROXY line is not PORT with a port from 1 to 65535";
            return false;
        }

        (source, destination) = (header.Source, header.Destination);
        return true;
    }

    private static bool TryParsePort(ReadOnlySpan<byte> line, out int? listeningPort)
    {
        listeningPort = null;
        if (!line.StartsWith(Keyword) || !line.EndsWith(LineEnd))
            return false;
        if (!AddressText.TryReadNumber(line[Keyword.Length..^LineEnd.Length], Port.Max, out var port) || port < Port.Min)
            return false;
        listeningPort = port;
        return true;
    }
}
