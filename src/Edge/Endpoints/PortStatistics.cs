namespace Tunnel.Edge.Endpoints;

/// <summary>Counts what happened at one port since it was bound.</summary>
/// <param name="Active">Connections or sessions open now.</param>
/// <param name="Total">Connections or sessions ever let in.</param>
/// <param name="BytesIn">Bytes from clients.</param>
/// <param name="BytesOut">Bytes to clients.</param>
/// <param name="Blocked">Clients and datagrams turned away, by reason.</param>
internal sealed record PortStatistics(int Active, long Total, long BytesIn, long BytesOut, IReadOnlyDictionary<string, long> Blocked);
