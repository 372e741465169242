using System.Collections.Immutable;
using System.Net;
using Tunnel.Edge.Configuration;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport;

namespace Tunnel.Edge.Connecting;

/// <summary>Makes requests that ask whether the hub can be reached, without using a tunnel: what the dial gives is never started.</summary>
internal static class ProbeRequest
{
    /// <summary>Creates a request with this edge's identity.</summary>
    /// <param name="address">The hub's address.</param>
    /// <param name="options">The options of the edge that asks.</param>
    /// <param name="pins">The pins that the hub's certificate is checked against; empty means that the system's trust store
    /// decides.</param>
    public static DialRequest To(IPEndPoint address, TunnelEdgeOptions options, ImmutableArray<string> pins) => new()
    {
        Address = address,
        HostName = options.HubHost,
        EdgeId = options.EdgeId,
        Secret = options.Secret,
        Pins = pins,
        InsecureSkipVerify = options.InsecureSkipVerify,
        Proxy = options.Proxy.HopTo(options.HubHost, options.HubPort),
        Hello = new Hello { Instance = "" },
        Handler = SilentHandler.Instance,
    };

    private sealed class SilentHandler : IEdgeTunnelHandler
    {
        public static readonly SilentHandler Instance = new();

        public void OnConfig(ITunnel tunnel, TunnelConfig config)
        {
        }

        public void OnGoAway(ITunnel tunnel, GoAway goAway)
        {
        }
    }
}
