using Tunnel.Shared.Protocol;
using Tunnel.Shared.Protocol.Proxy;

namespace Tunnel.Shared.Transport.Moving;

/// <summary>
/// Hub: a move that the edge has asked for and that has to wait, since the old leg still brings what nobody could send again.
/// </summary>
/// <param name="Move">What the edge asks for.</param>
/// <param name="Carrier">The stream on which it asks, and has no answer yet.</param>
/// <param name="Take">Does it; false when that is not possible.</param>
internal sealed record HeldMove(StreamMove Move, ITunnelStream Carrier, Func<bool> Take)
{
    /// <summary>Does the move, or refuses it.</summary>
    public void Run()
    {
        if (!Take())
            Carrier.Reset(Move.Refusal);
    }

    /// <summary>Refuses the move on another thread, since the stream's locks may be held.</summary>
    public void Refuse() => StreamLeg.Later(Carrier, static carrier => carrier.Reset(ResetReason.Refused));
}
