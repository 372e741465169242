using Tunnel.Shared.Protocol.Proxy;

namespace Tunnel.Shared.Transport.Moving;

/// <summary>Hears what happens to the legs of a stream, apart from their data.</summary>
internal interface ILegEvents
{
    /// <summary>The leg's carrier is known.</summary>
    void OnCarrier(StreamLeg leg, ITunnelStream carrier);

    /// <summary>Edge: the hub says how far it has got, on a leg that goes on there.</summary>
    void OnAnswer(StreamLeg leg, StreamPoint point);

    /// <summary>The peer says where what it sends on a leg begins.</summary>
    void OnBeginning(StreamLeg leg, long offset);

    /// <summary>The peer has sent its last byte on a leg, and all before it was written.</summary>
    void OnPeerEnd(StreamLeg leg);

    /// <summary>Both directions of the carrier have ended in order.</summary>
    void OnClose(StreamLeg leg);

    /// <summary>The carrier resets its local end; why, it says by <see cref="OnCarrierEnded"/>, before or after.</summary>
    void OnReset(StreamLeg leg, bool flush);

    /// <summary>The carrier has ended.</summary>
    void OnCarrierEnded(StreamLeg leg, in StreamEnd end);
}
