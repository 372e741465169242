namespace Tunnel.Shared.Protocol.Frames;

/// <summary>
/// What a stream may still do (protocol.md section 3). It has two independent directions; each is ended by CLOSE, as by a FIN, and RESET
/// ends both.
/// </summary>
public struct StreamState
{
    private Flags _flags;

    [Flags]
    private enum Flags : byte
    {
        None = 0,
        LocalClosed = 1,
        RemoteClosed = 2,
        Delivered = 4,
        Reset = 8,
    }

    /// <summary>Our CLOSE was sent: nothing more goes out.</summary>
    public readonly bool LocalClosed => (_flags & Flags.LocalClosed) != 0;

    /// <summary>The peer's CLOSE has come: no more DATA may come.</summary>
    public readonly bool RemoteClosed => (_flags & Flags.RemoteClosed) != 0;

    /// <summary>The stream was aborted by either side.</summary>
    public readonly bool WasReset => (_flags & Flags.Reset) != 0;

    /// <summary>Whether DATA or CLOSE may be sent.</summary>
    public readonly bool CanSend => (_flags & (Flags.LocalClosed | Flags.Reset)) == 0;

    /// <summary>Whether DATA or CLOSE may be received.</summary>
    public readonly bool CanReceive => (_flags & (Flags.RemoteClosed | Flags.Reset)) == 0;

    /// <summary>Both CLOSEs have passed, and the local peer has received all bytes and the FIN.</summary>
    public readonly bool Completed =>
        (_flags & (Flags.LocalClosed | Flags.RemoteClosed | Flags.Delivered)) == (Flags.LocalClosed | Flags.RemoteClosed | Flags.Delivered);

    /// <summary>The stream is gone: completed, or reset.</summary>
    public readonly bool IsGone => WasReset || Completed;

    /// <summary>Records that our CLOSE goes out.</summary>
    /// <returns>False when it must not be sent.</returns>
    public bool TryCloseLocal() => TrySet(Flags.LocalClosed, CanSend);

    /// <summary>Records that the peer's CLOSE has come.</summary>
    /// <returns>False when it is a second CLOSE or the stream was reset.</returns>
    public bool TryCloseRemote() => TrySet(Flags.RemoteClosed, CanReceive);

    /// <summary>Records that the local peer was given all bytes before the peer's CLOSE, and the FIN.</summary>
    public bool TryDeliver() => TrySet(Flags.Delivered, RemoteClosed && !WasReset && (_flags & Flags.Delivered) == 0);

    /// <summary>Aborts the stream.</summary>
    /// <returns>False when the stream was gone already.</returns>
    public bool TryReset() => TrySet(Flags.Reset, !IsGone);

    private bool TrySet(Flags flag, bool allowed)
    {
        if (allowed)
            _flags |= flag;
        return allowed;
    }
}
