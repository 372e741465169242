using System.Collections.Immutable;
using System.Text;
using Tunnel.Shared.Protocol;
using Tunnel.Shared.Protocol.Proxy;
using Tunnel.Shared.Transport;

namespace Tunnel.Hub.Forwarding.Entering;

/// <summary>The additional fields of a PROXY v2 header, at a port with <c>proxyTlvs</c> (protocol.md section 9).</summary>
/// <param name="Id">The connection's id.</param>
/// <param name="EdgeId">The edge that it came through.</param>
/// <param name="Transport">The tunnel's transport.</param>
internal sealed record HeaderFields(ConnectionId Id, string EdgeId, TransportKind Transport)
{
    /// <summary>The most bytes of the fields that are not an embedding program's own.</summary>
    public const int MaxOwnLength = 1_536;

    /// <summary>The most bytes of an embedding program's fields.</summary>
    public const int MaxExtraLength = 1_024;

    /// <summary>The most bytes of a header with fields.</summary>
    public const int MaxHeaderLength = ProxyV2.IPv6Length + MaxOwnLength + MaxExtraLength;

    /// <summary>The host name that the client asked for; null when not known.</summary>
    public string? ServerName { get; init; }

    /// <summary>The application protocol that was agreed on, or the only one that the client offers; null when not known.</summary>
    public string? Protocol { get; init; }

    /// <summary>The TLS session with the client; null when the hub has none.</summary>
    public TlsFacts? Tls { get; init; }

    /// <summary>An embedding program's fields, of at most <see cref="MaxExtraLength"/> bytes.</summary>
    public ImmutableArray<ProxyTlv> Extra { get; init; } = [];

    /// <summary>Writes the header. Both addresses are known, or it is LOCAL.</summary>
    public int Write(Span<byte> buffer, in StreamOpening opening, ProxyTransport transport)
    {
        var writer = new ProxyV2Writer(buffer, opening.Source, opening.Destination, transport);
        Span<byte> scratch = stackalloc byte[TlsField.MaxLength];
        if (Protocol is not null)
            writer.Add(ProxyTlvType.Alpn, scratch[..Encoding.ASCII.GetBytes(Protocol, scratch)]);
        if (ServerName is not null)
            writer.Add(ProxyTlvType.Authority, scratch[..Encoding.ASCII.GetBytes(ServerName, scratch)]);
        Id.Write(scratch);
        writer.Add(ProxyTlvType.UniqueId, scratch[..ConnectionId.TextLength]);
        if (Tls is { } tls)
            writer.Add(ProxyTlvType.Ssl, scratch[..TlsField.Write(scratch, tls.Version, tls.Cipher, tls.CommonName)]);
        writer.Add(ProxyTlvType.EdgeId, scratch[..Encoding.ASCII.GetBytes(EdgeId, scratch)]);
        writer.Add(ProxyTlvType.Transport, Transport == TransportKind.Quic ? "quic"u8 : "tcpTls"u8);
        foreach (var field in Extra)
            writer.Add(field.Type, field.Value.Span);
        return writer.Finish(crc32C: true);
    }
}

/// <summary>The facts about a client's TLS session that ends at the hub.</summary>
/// <param name="Version">The version, such as <c>TLSv1.3</c>.</param>
/// <param name="Cipher">The cipher suite's name.</param>
/// <param name="CommonName">The common name of the client's certificate, which was checked; null when it has shown none.</param>
internal sealed record TlsFacts(string Version, string Cipher, string? CommonName);
