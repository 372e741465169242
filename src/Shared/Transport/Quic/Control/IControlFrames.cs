namespace Tunnel.Shared.Transport.Quic.Control;

/// <summary>
/// Is told of the control stream's frames, except for the messages that <see cref="Transport.Streams.ControlInbox"/> takes. Only the reader
/// of the stream calls it.
/// </summary>
internal interface IControlFrames
{
    /// <summary>True when the tunnel has ended, so that no more frames are wanted.</summary>
    bool IsOver { get; }

    /// <summary>Whether a session can be opened now; if not, it can after <see cref="WaitForEndingsAsync"/>.</summary>
    bool TryPassOpening();

    /// <summary>Completes when the peer has taken enough unsent endings, or when the tunnel has ended.</summary>
    Task WaitForEndingsAsync();

    /// <summary>A frame of any type has come.</summary>
    void OnFrame();

    /// <summary>UDP_OPEN has come.</summary>
    /// <returns>What is wrong, or null.</returns>
    string? OnUdpOpen(uint id, in StreamOpening opening);

    /// <summary>UDP_CLOSE has come.</summary>
    void OnUdpClose(uint id);

    /// <summary>PING has come; the peer wants this payload back.</summary>
    void OnPing(ReadOnlySpan<byte> payload);

    /// <summary>PONG has come, with the payload of a PING.</summary>
    void OnPong(ReadOnlySpan<byte> payload);

    /// <summary>ACK has come.</summary>
    /// <returns>What is wrong, or null.</returns>
    string? OnAck(ReadOnlySpan<byte> payload);

    /// <summary>PROBE has come; the edge wants a PING.</summary>
    void OnProbe();
}
