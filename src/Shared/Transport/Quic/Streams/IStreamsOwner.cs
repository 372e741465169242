namespace Tunnel.Shared.Transport.Quic.Streams;

/// <summary>Is told what the streams of a tunnel can't do themselves. Calls come without any lock.</summary>
internal interface IStreamsOwner
{
    /// <summary>Hub: the opening lines of a stream have come.</summary>
    void OnStreamOpened(QuicStream stream, in StreamOpening opening);

    /// <summary>The connection is closed, and all streams have ended for their owners.</summary>
    void OnStreamsOver();
}
