using System.Collections.Immutable;
using System.Net;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport.Proxies;

namespace Tunnel.Shared.Transport;

/// <summary>Dials a hub over one transport: connects, checks the hub's certificate and authenticates the edge.</summary>
public interface ITunnelDialer
{
    /// <summary>The transport that it dials with.</summary>
    TransportKind Kind { get; }

    /// <summary>
    /// Dials one address. Every expected failure (refused, wrong pin, unauthorized) is a result; only cancellation throws.
    /// </summary>
    Task<DialResult> DialAsync(DialRequest request, CancellationToken cancellationToken);
}

/// <summary>The parameters of a dial.</summary>
public sealed record DialRequest
{
    /// <summary>The hub's address, or that of the proxy on the way.</summary>
    public required IPEndPoint Address { get; init; }

    /// <summary>The hub's name, for SNI, and for the certificate when there are no pins.</summary>
    public required string HostName { get; init; }

    /// <summary>This edge's id.</summary>
    public required string EdgeId { get; init; }

    /// <summary>This edge's secret. Never logged.</summary>
    public required string Secret { get; init; }

    /// <summary>Certificate pins, one of which must match; when empty, the system's trust store and the host name decide.</summary>
    public ImmutableArray<string> Pins { get; init; } = [];

    /// <summary>Accepts any certificate.</summary>
    public bool InsecureSkipVerify { get; init; }

    /// <summary>The HELLO to send; the transport fills in features, maxFrame and initialWindow.</summary>
    public required Hello Hello { get; init; }

    /// <summary>Is told of the tunnel's events after <see cref="ITunnel.Start"/>.</summary>
    public required IEdgeTunnelHandler Handler { get; init; }

    /// <summary>
    /// The most bytes of a packet, with its IP header, for a path that swallows larger ones. Null: the size that the path is found to
    /// carry.
    /// </summary>
    public int? MaxPacket { get; init; }

    /// <summary>The way through a proxy, over TCP only; null for a straight connection.</summary>
    public ProxyHop? Proxy { get; init; }

    /// <summary>
    /// Makes the request for a later connection of the same tunnel, with the secret, pins and packets that are right then. Null: as this
    /// one.
    /// </summary>
    public Func<DialRequest, DialRequest>? Renew { get; init; }

    /// <summary>
    /// The hub among those that the edge has: what is kept for a resume is bounded for each. Null: it is named by this edge's id, as though
    /// there were only one.
    /// </summary>
    public string? Hub { get; init; }

    /// <summary>The hub in messages for the operator, and how it is reached.</summary>
    internal string Peer => Proxy is { } hop ? $"{HostName} (through the proxy {hop.Server})" : $"{HostName} ({Address})";

    /// <inheritdoc/>
    public override string ToString() => $"{EdgeId} → {Peer}";
}

/// <summary>Why a dial failed.</summary>
public enum DialFailureKind
{
    /// <summary>No TCP connection or no QUIC handshake: refused, no route.</summary>
    Unreachable,

    /// <summary>No answer in time.</summary>
    Timeout,

    /// <summary>The TLS handshake failed for another reason than the pin.</summary>
    TlsFailed,

    /// <summary>The hub's certificate matches none of the pins, or is not trusted. The secret was not sent.</summary>
    WrongCertificate,

    /// <summary>The hub refused the id and secret.</summary>
    Unauthorized,

    /// <summary>The hub has too much to do; try later.</summary>
    Busy,

    /// <summary>The hub closed the connection, or its answer did not follow the protocol.</summary>
    ProtocolError,
}

/// <summary>A dial that failed.</summary>
/// <param name="Kind">The kind of failure.</param>
/// <param name="Message">For the operator: what happened and what to do.</param>
public sealed record DialFailure(DialFailureKind Kind, string Message);

/// <summary>A dial's outcome: either a tunnel (not yet started) with its first configuration, or a failure.</summary>
public sealed record DialResult
{
    private DialResult()
    {
    }

    /// <summary>The tunnel; null on failure.</summary>
    public ITunnel? Tunnel { get; private init; }

    /// <summary>The configuration that the hub answered with; null on failure.</summary>
    public TunnelConfig? Config { get; private init; }

    /// <summary>Why there is no tunnel; null on success.</summary>
    public DialFailure? Failure { get; private init; }

    /// <summary>Creates the result of a success.</summary>
    public static DialResult Connected(ITunnel tunnel, TunnelConfig config) => new() { Tunnel = tunnel, Config = config };

    /// <summary>Creates the result of a failure.</summary>
    public static DialResult Failed(DialFailureKind kind, string message) => new() { Failure = new DialFailure(kind, message) };
}
