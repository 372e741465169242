namespace Tunnel.Shared.Transport.Mux.Core;

/// <summary>
/// A frame that is larger than a batch. It follows the present batch's content, over as many batches as it needs. There is one at a time.
/// </summary>
internal sealed class LargeFrame
{
    private byte[]? _frame;
    private int _offset;

    /// <summary>True while some of it still has to be sent.</summary>
    public bool IsPending => _frame is not null;

    /// <summary>Sets the frame. A node that writes its control frames calls this with the lock held.</summary>
    public void Set(byte[] frame)
    {
        _frame = frame;
        _offset = 0;
    }

    /// <summary>Copies the next part into a batch. Only the sender calls this.</summary>
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
