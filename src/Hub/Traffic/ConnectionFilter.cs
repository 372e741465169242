using System.Net;
using Tunnel.Shared.Protocol.Addresses;

namespace Tunnel.Hub.Traffic;

/// <summary>Selects connections; a condition that is null is ignored.</summary>
internal sealed record ConnectionFilter
{
    public string? EdgeId { get; init; }

    public int? Port { get; init; }

    /// <summary>The protocol, <c>tcp</c> or <c>udp</c>.</summary>
    public string? Proto { get; init; }

    /// <summary>The network that the client's address has to be in.</summary>
    public IpRange? Address { get; init; }

    public ConnectionAction? Action { get; init; }

    /// <summary>The earliest time, inclusive.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>The latest time, exclusive.</summary>
    public DateTimeOffset? Until { get; init; }

    public bool Matches(ConnectionRecord record) =>
        (Action is null || record.Action == Action)
        && (Since is null || record.Time >= Since)
        && (Until is null || record.Time < Until)
        && Matches(record.EdgeId, record.Port, record.Proto, record.Client);

    public bool Matches(LiveConnection connection) => Matches(connection.EdgeId, connection.Port, connection.Proto, connection.Client);

    private bool Matches(string edgeId, int port, string proto, string? client) =>
        (EdgeId is null || edgeId == EdgeId)
        && (Port is null || port == Port)
        && (Proto is null || proto == Proto)
        && (Address is not { } block || IsIn(block, client));

    private static bool IsIn(IpRange block, string? client) =>
        client is not null && IPEndPoint.TryParse(client, out var endPoint) && block.Contains(endPoint.Address);
}
