namespace Tunnel.Shared.Transport.Quic;

/// <summary>
/// Who is told of the control stream's frames, beside the messages that <see cref="Streams.ControlInbox"/> takes; by its reader alone.
/// </summary>
internal interface IControlFrames
{
    /// <summary>The tunnel is over: nothing more is wanted.</summary>
    bool IsOver { get; }

    /// <summary>Whether a session can be opened now; if not, after <see cref="WaitForEndingsAsync"/>.</summary>
    bool TryPassOpening();

    /// <summary>Completes when the peer has taken enough of what it is owed, or all is over.</summary>
    Task WaitForEndingsAsync();

    /// <summary>A frame has come, of whatever type.</summary>
    void OnFrame();

    /// <summary>UDP_OPEN.</summary>
    /// <returns>What is wrong, or null.</returns>
    string? OnUdpOpen(uint id, in StreamOpening opening);

    /// <summary>UDP_CLOSE.</summary>
    void OnUdpClose(uint id);

    /// <summary>The peer asks for this back.</summary>
    void OnPing(ReadOnlySpan<byte> payload);

    /// <summary>The peer has given back what it was asked for.</summary>
    void OnPong(ReadOnlySpan<byte> payload);

    /// <summary>The edge asks to be asked.</summary>
    void OnProbe();
}
