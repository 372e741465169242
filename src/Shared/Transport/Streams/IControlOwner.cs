using Tunnel.Shared.Protocol.Messages;

namespace Tunnel.Shared.Transport.Streams;

/// <summary>
/// Is told of the control messages that <see cref="ControlInbox"/> accepts. The reader of the messages calls it, without a lock.
/// </summary>
internal interface IControlOwner
{
    /// <summary>Edge: the hub has sent a new configuration.</summary>
    void OnConfig(TunnelConfig config);

    /// <summary>Hub: the edge has said HELLO, and the terms are agreed.</summary>
    void OnHello(Hello hello);

    /// <summary>Hub: the edge has sent a report.</summary>
    void OnReport(Report report);

    /// <summary>The peer takes no new streams.</summary>
    void OnGoAway(GoAway goAway);

    /// <summary>Edge: tells the hub that the edge takes no new streams either, unless it was told before.</summary>
    void SendGoAway(string reason);
}
