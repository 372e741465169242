using System.Collections.Immutable;
using System.Net;
using Tunnel.Edge.Configuration;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport;

namespace Tunnel.Edge.Connecting;

/// <summary>Asks whether the hub can be reached, without a tunnel: what comes of the dial is never started.</summary>
internal static class ProbeRequest
{
    /// <summary>A request with this edge's identity.</summary>
    /// <param name="address">The hub's.</param>
    /// <param name="options">Who asks.</param>
    /// <param name="pins">Those that the hub's certificate is checked against; empty: the system's trust store decides.</param>
    public static DialRequest To(IPEndPoint address, TunnelEdgeOptions options, ImmutableArray<string> pins) => new()
    {
        Address = address,
        HostName = options.HubHost,
        EdgeId = options.EdgeId,
        Secret = options.Secret,
        Pins = pins,
        InsecureSkipVerify = options.InsecureSkipVerify,
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
