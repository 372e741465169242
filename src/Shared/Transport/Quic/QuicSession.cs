using Tunnel.Shared.Protocol.Frames;

namespace Tunnel.Shared.Transport.Quic;

/// <summary>One UDP session over QUIC's datagrams.</summary>
internal sealed class QuicSession(QuicSessions sessions, uint id) : ITunnelSession
{
    private volatile bool _isOpen = true;

    public uint Id { get; } = id;

    public bool IsOpen => _isOpen;

    /// <summary>Where received datagrams go; null at the hub until its owner has said. Guarded by the sessions' lock.</summary>
    public IDatagramSink? Sink { get; set; }

    /// <summary>Held while the sink is called, so that what was kept comes before what comes.</summary>
    public Lock Delivery { get; } = new();

    /// <summary>Datagrams given to msquic and not yet sent. Guarded by the sessions' lock.</summary>
    public int Unsent { get; set; }

    public bool Send(ReadOnlySpan<byte> payload)
    {
        // Whoever sends sees that it is over, and may send another way.
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

    /// <summary>Ends it once.</summary>
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
