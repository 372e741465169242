using System.Collections.Immutable;
using System.Net;
using Tunnel.Shared.Protocol.Proxy;

namespace Tunnel.Hub.Hooks;

/// <summary>A TCP client that a hook decides about.</summary>
public sealed class ConnectionContext
{
    /// <summary>The most bytes of all fields that hooks may add to one header, with three bytes for each.</summary>
    public const int MaxTlvBytes = 1_024;

    // These are the types of our own fields, and those that other fields of the header depend on.
    private static readonly byte[] Reserved =
    [
        ProxyTlvType.Alpn, ProxyTlvType.Authority, ProxyTlvType.Crc32C, ProxyTlvType.UniqueId, ProxyTlvType.Ssl, ProxyTlvType.ListeningPort,
        ProxyTlvType.EdgeId, ProxyTlvType.Transport,
    ];

    private readonly ImmutableArray<ProxyTlv>.Builder _tlvs = ImmutableArray.CreateBuilder<ProxyTlv>();
    private int _tlvBytes;

    internal ConnectionContext(
        string uniqueId, string edgeId, int port, IPEndPoint? client, IPEndPoint? destination, CancellationToken gone)
    {
        (UniqueId, EdgeId, Port, Client, Destination, Aborted) = (uniqueId, edgeId, port, client, destination, gone);
    }

    /// <summary>The connection's name in the logs of edge and hub and at the upstream: 32 hexadecimal digits.</summary>
    public string UniqueId { get; }

    /// <summary>The id of the edge that it came through.</summary>
    public string EdgeId { get; }

    /// <summary>The edge's listening port.</summary>
    public int Port { get; }

    /// <summary>The client's address and port; null when not known.</summary>
    public IPEndPoint? Client { get; }

    /// <summary>The address and port that the client connected to; null when not known.</summary>
    public IPEndPoint? Destination { get; }

    /// <summary>The host name that a TLS client asked for, where the port reads it (<c>tls</c>); else null.</summary>
    public string? ServerName { get; init; }

    /// <summary>Fires when the client is gone or the hook's time is over.</summary>
    public CancellationToken Aborted { get; }

    /// <summary>The bytes that other hooks have used of <see cref="MaxTlvBytes"/>.</summary>
    internal int TlvBytes
    {
        init => _tlvBytes = value;
    }

    internal ImmutableArray<ProxyTlv> Tlvs => _tlvs.ToImmutable();

    /// <summary>Adds a field to the PROXY header, where the port sends version 2; elsewhere it is dropped.</summary>
    /// <param name="type">Its type, best 0xE3–0xEF, which are for applications' own use.</param>
    /// <param name="value">Its bytes.</param>
    /// <exception cref="ArgumentException">The type is one that the hub writes, or the fields are longer than
    /// <see cref="MaxTlvBytes"/>.</exception>
    public void AddTlv(byte type, ReadOnlySpan<byte> value)
    {
        if (Reserved.Contains(type))
            throw new ArgumentException($"The hub writes fields of type 0x{type:X2} itself; 0xE3 to 0xEF are free.", nameof(type));
        if (_tlvBytes + ProxyTlvs.HeaderLength + value.Length > MaxTlvBytes)
            throw new ArgumentException($"All fields together may have {MaxTlvBytes} bytes.", nameof(value));
        _tlvBytes += ProxyTlvs.HeaderLength + value.Length;
        _tlvs.Add(new ProxyTlv(type, value.ToArray()));
    }
}
