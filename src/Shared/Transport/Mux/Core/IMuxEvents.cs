using Tunnel.Shared.Transport.Streams;

namespace Tunnel.Shared.Transport.Mux.Core;

/// <summary>Who owns an end of a mux and is told what becomes of it. No call comes with a lock held; none may block.</summary>
internal interface IMuxEvents : IControlOwner
{
    /// <summary>Hub: the peer has opened a stream. It is to be attached or reset, now or later.</summary>
    void OnStreamOpened(ITunnelStream stream, in StreamOpening opening);

    /// <summary>Hub: the peer has opened a session.</summary>
    /// <returns>Where its datagrams go, or null to refuse it.</returns>
    IDatagramSink? OnSessionOpened(ITunnelSession session, in StreamOpening opening);

    /// <summary>PING has come.</summary>
    void OnPing();

    /// <summary>It cannot go on, for a reason that lies with the peer or with what carries it.</summary>
    void OnEnded(TunnelEnd end);

    /// <summary>It cannot go on, for a mistake of ours.</summary>
    void OnBug(Exception exception);

    /// <summary>An owner's callback has thrown on the way to an end, most likely; all others are ended all the same.</summary>
    void OnDefect(Exception exception);
}
