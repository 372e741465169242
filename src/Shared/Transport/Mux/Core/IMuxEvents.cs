using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport.Streams;

namespace Tunnel.Shared.Transport.Mux.Core;

/// <summary>The owner of an end of a mux, which is told of its events. All calls come without a lock; none may block.</summary>
internal interface IMuxEvents : IControlOwner
{
    /// <summary>Hub: the peer has opened a stream. The owner must attach or reset it, now or later.</summary>
    void OnStreamOpened(IStreamCarrier stream, in StreamOpening opening);

    /// <summary>Hub: the peer has opened a session.</summary>
    /// <returns>The sink of its datagrams, or null to refuse the session.</returns>
    IDatagramSink? OnSessionOpened(ITunnelSession session, in StreamOpening opening);

    /// <summary>PING has come.</summary>
    void OnPing();

    /// <summary>RESUME has come. Called by the reader.</summary>
    /// <param name="point">What the peer says of its end of the lane; null when it keeps nothing.</param>
    /// <returns>What is wrong with it at this time, or null.</returns>
    string? OnResume(ResumePoint? point);

    /// <summary>The mux can't go on, because of the peer or the carrier.</summary>
    void OnEnded(TunnelEnd end);

    /// <summary>The mux can't go on, because of a defect in this program.</summary>
    void OnBug(Exception exception);

    /// <summary>
    /// Something has thrown while a stream, session or tunnel ended, most likely an owner's callback; all others still end.
    /// </summary>
    void OnDefect(Exception exception);
}
