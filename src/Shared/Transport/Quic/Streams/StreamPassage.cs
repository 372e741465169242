namespace Tunnel.Shared.Transport.Quic.Streams;

/// <summary>
/// Whether a stream of an edge counts as under way (<see cref="QuicStreamTable.UnderWay"/>): from its start until its opening lines have
/// arrived, and while its end only needs the peer's answer. The stream's lock guards it.
/// </summary>
internal sealed class StreamPassage(Lock sync, QuicStreams streams)
{
    private bool _begins = true;
    private bool _ends;
    private bool _over;

    /// <summary>The opening lines have been acknowledged or given up: the stream no longer counts, unless it is ending already.</summary>
    public void NoteArrived()
    {
        if (!_begins)
            return;
        lock (sync)
        {
            if (!_begins)
                return;
            _begins = false;
            if (_ends)
                return;
        }

        streams.OnPassed();
    }

    /// <summary>Only the peer's answer is missing for the stream's end, and it does not wait for room.</summary>
    public void NoteEnding()
    {
        lock (sync)
        {
            if (_ends || _over)
                return;
            _ends = true;
            if (_begins)
                return;
        }

        streams.OnEnding();
    }

    /// <summary>The native stream has ended.</summary>
    public void NoteOver()
    {
        lock (sync)
        {
            _over = true;
            if (!_begins && !_ends)
                return;
            _begins = _ends = false;
        }

        streams.OnPassed();
    }
}
