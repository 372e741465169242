using Tunnel.Shared.Protocol.Messages;

namespace Tunnel.Shared.Transport;

/// <summary>Is told of a tunnel's events, as its owner. Calls come one at a time from the tunnel's read loop and must not block.</summary>
public interface ITunnelHandler
{
    /// <summary>The peer wants no new streams on this tunnel; open ones go on.</summary>
    void OnGoAway(ITunnel tunnel, GoAway goAway);

    /// <summary>The connection is lost, and both ends could go on over another one. Called by any thread.</summary>
    /// <returns>True to keep what is open for the agreed time; false to end the tunnel now.</returns>
    bool OnLost(ITunnel tunnel, TunnelEnd cause) => false;

    /// <summary><see cref="ITunnel.IsInDoubt"/> has become true. Called by the tunnel's timer.</summary>
    void OnDoubt(ITunnel tunnel)
    {
    }

    /// <summary>The tunnel goes on over another connection. Called by any thread.</summary>
    void OnResumed(ITunnel tunnel, in TunnelResumed resumed)
    {
    }
}

/// <summary>The hub's handler of a tunnel's events.</summary>
public interface IHubTunnelHandler : ITunnelHandler
{
    /// <summary>
    /// Whether the edge is asked for a sign of life and doubted as soon as an edge asks and doubts a hub: where the hub can make another
    /// connection itself. Only over TLS.
    /// </summary>
    bool WatchesEdge => false;

    /// <summary>The edge has sent HELLO, so that <see cref="ITunnel.Features"/> is now agreed.</summary>
    /// <param name="tunnel">The tunnel; or the connection alone, which <see cref="ITunnel.TryJoin"/> takes, where
    /// <see cref="Hello.Lane"/> says that it is a lane of another tunnel. A HELLO with <see cref="Hello.Resume"/> comes with the connection
    /// too: it must be given to <see cref="ITunnel.AcceptResumeAsync"/> or told <see cref="ITunnel.RefuseResume"/>, now or later.</param>
    /// <param name="hello">What the edge says of itself.</param>
    void OnHello(ITunnel tunnel, Hello hello);

    /// <summary>The edge has sent a report.</summary>
    void OnReport(ITunnel tunnel, Report report);

    /// <summary>
    /// A client has connected. The handler must call <see cref="ITunnelStream.Attach"/> or <see cref="ITunnelStream.Reset"/>, now or later.
    /// </summary>
    void OnStreamOpened(ITunnel tunnel, ITunnelStream stream, in StreamOpening opening);

    /// <summary>The edge has opened a UDP session.</summary>
    /// <returns>The sink of its datagrams, or null to refuse the session.</returns>
    IDatagramSink? OnSessionOpened(ITunnel tunnel, ITunnelSession session, in StreamOpening opening);
}

/// <summary>The edge's handler of a tunnel's events.</summary>
public interface IEdgeTunnelHandler : ITunnelHandler
{
    /// <summary>The hub has sent a complete new configuration.</summary>
    void OnConfig(ITunnel tunnel, TunnelConfig config);
}
