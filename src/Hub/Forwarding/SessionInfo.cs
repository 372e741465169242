namespace Tunnel.Hub.Forwarding;

/// <summary>Which session it is, for logs and counters.</summary>
/// <param name="EdgeId">Whose.</param>
/// <param name="Port">The edge's listening port.</param>
/// <param name="TargetHost">The upstream's name or address.</param>
/// <param name="TargetPort">The upstream's port.</param>
internal sealed record SessionInfo(string EdgeId, int Port, string TargetHost, int TargetPort);
