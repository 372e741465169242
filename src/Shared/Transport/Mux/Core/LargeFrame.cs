namespace Tunnel.Shared.Transport.Mux.Core;

/// <summary>A frame that is larger than a batch: it follows what is in the present one, over as many as it takes. One at a time.</summary>
internal sealed class LargeFrame
{
    private byte[]? _frame;
    private int _offset;

    /// <summary>Some of it has still to be sent.</summary>
    public bool IsPending => _frame is not null;

    /// <summary>By a node that writes its control frames; with the lock held.</summary>
    public void Set(byte[] frame)
    {
        _frame = frame;
        _offset = 0;
    }

    /// <summary>By the one who sends.</summary>
    /// <returns>Bytes that were copied.</returns>
    public int CopyTo(Span<byte> room)
    {
        if (_frame is not { } frame)
            return 0;
        var count = Math.Min(room.Length, frame.Length - _offset);
        frame.AsSpan(_offset, count).CopyTo(room);
        _offset += count;
        if (_offset == frame.Length)
            _frame = null;
        return count;
    }
}
