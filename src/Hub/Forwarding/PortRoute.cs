using Tunnel.Hub.Traffic;

namespace Tunnel.Hub.Forwarding;

/// <summary>Where a port of an edge leads.</summary>
/// <param name="Port">Which port.</param>
/// <param name="TargetHost">The upstream's name or address.</param>
/// <param name="TargetPort">The upstream's port.</param>
internal sealed record PortRoute(TrafficKey Port, string TargetHost, int TargetPort);
