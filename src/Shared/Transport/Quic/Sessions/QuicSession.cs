using Tunnel.Shared.Protocol.Frames;

namespace Tunnel.Shared.Transport.Quic.Sessions;

/// <summary>A UDP session over QUIC's datagrams.</summary>
internal sealed class QuicSession(QuicSessions sessions, uint id) : ITunnelSession
{
    private volatile bool _isOpen = true;

    public uint Id { get; } = id;

    public bool IsOpen => _isOpen;

    /// <summary>Receives the datagrams; null at the hub until its owner has accepted the session. Guarded by the sessions' lock.</summary>
    public IDatagramSink? Sink { get; set; }

    /// <summary>Held while the sink is called, so that held datagrams are delivered before new ones.</summary>
    public Lock Delivery { get; } = new();

    /// <summary>Datagrams given to msquic and not yet sent. Guarded by the sessions' lock.</summary>
    public int Unsent { get; set; }

    public bool Send(ReadOnlySpan<byte> payload)
    {
        // The sender sees that the session has ended, and may send in another way.
        if (!_isOpen)
            return false;
        if (payload.Length <= FrameRules.MaxDatagram)
            return sessions.Send(this, payload);
        sessions.CountTooLarge();
        return false;
    }

    public void Close()
    {
        if (TryEnd())
            sessions.OnClosedHere(this);
    }

    /// <summary>Ends the session; false when it has ended already.</summary>
    public bool TryEnd()
    {
        lock (Delivery)
        {
            if (!_isOpen)
                return false;
            _isOpen = false;
            return true;
        }
    }
}
