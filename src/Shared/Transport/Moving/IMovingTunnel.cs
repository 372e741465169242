using Tunnel.Shared.Transport.Moving.Tables;
using Tunnel.Shared.Transport.Streams;

namespace Tunnel.Shared.Transport.Moving;

/// <summary>A tunnel whose streams may go on over others, and that takes streams of others.</summary>
internal interface IMovingTunnel
{
    /// <summary>The streams that may go on over another tunnel.</summary>
    MovableStreams Moving { get; }

    /// <summary>Counts what the tunnel carries.</summary>
    TrafficMeter Traffic { get; }
}
