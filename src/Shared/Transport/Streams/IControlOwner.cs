using Tunnel.Shared.Protocol.Messages;

namespace Tunnel.Shared.Transport.Streams;

/// <summary>
/// Who is told of the control messages that <see cref="ControlInbox"/> lets in. Called by the one that reads them, without a lock.
/// </summary>
internal interface IControlOwner
{
    /// <summary>Edge: the hub configures it anew.</summary>
    void OnConfig(TunnelConfig config);

    /// <summary>Hub: the edge has said HELLO, and the terms are agreed.</summary>
    void OnHello(Hello hello);

    /// <summary>Hub: the edge reports.</summary>
    void OnReport(Report report);

    /// <summary>The peer takes no new streams.</summary>
    void OnGoAway(GoAway goAway);

    /// <summary>Edge: says to the hub that it takes no new ones either, unless that was said.</summary>
    void SendGoAway(string reason);
}
