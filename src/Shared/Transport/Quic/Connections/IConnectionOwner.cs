namespace Tunnel.Shared.Transport.Quic.Connections;

/// <summary>Is told of a connection's events once it is a tunnel. Calls come on a worker of msquic, one at a time.</summary>
internal interface IConnectionOwner
{
    /// <summary>The peer opens a stream: one for a TCP connection, or a unidirectional one for a large datagram.</summary>
    /// <returns>A status of msquic; a failure refuses the stream.</returns>
    int OnPeerStream(nint handle, bool unidirectional);

    /// <summary>A datagram has come, which lies in msquic's buffer.</summary>
    void OnDatagram(ReadOnlySpan<byte> datagram);

    /// <summary>Reports what became of a datagram that was sent.</summary>
    void OnSendState(nint context, int state);

    /// <summary>The connection goes on over another path, with small packets at first.</summary>
    void OnPeerAddressChanged();

    /// <summary>The connection has ended or is about to.</summary>
    void OnConnectionEnding(TunnelEnd end);

    /// <summary>All native callbacks have ended.</summary>
    void OnConnectionClosed();
}
