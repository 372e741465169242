namespace Tunnel.Shared.Transport.Streams;

/// <summary>
/// Delivers what has come out of the tunnel into the local socket, whatever carried it. It knows the local end, whether a write is under
/// way, and what must follow the last byte. FIN follows all bytes that wait. RST does too, as long as the local peer keeps taking them; a
/// peer that has taken nothing for <see cref="PatienceMilliseconds"/> is cut off. The bytes themselves are kept by an
/// <see cref="IUndelivered"/>.
/// <para/> <see cref="Sync"/> guards this and them; it is never held over I/O, and the lock of a <see cref="StreamLife"/> is not taken
/// under it.
/// </summary>
internal sealed class LocalDelivery(IUndelivered undelivered, TransportContext context) : ISweepable
{
    /// <summary>How long a local peer may take nothing of the data that came before a reset.</summary>
    public const long PatienceMilliseconds = 5_000;

    private StreamLife? _life;
    private LocalEnding _ending;
    private long _progressAt;
    private long _bytes;

    public Lock Sync { get; } = new();

    /// <summary>The local end, once there is one.</summary>
    public ILocalEndpoint? Endpoint { get; private set; }

    /// <summary>True while a writer writes the waiting bytes; nothing else may be written meanwhile.</summary>
    public bool IsWriting { get; private set; }

    /// <summary>True when no more bytes are wanted.</summary>
    public bool IsDiscarding { get; private set; }

    /// <summary>True when the peer, or the loss of the tunnel, has ended the stream with a reset.</summary>
    public bool EndsWithReset => _ending == LocalEnding.Reset;

    /// <summary>Bytes that were given to the local peer. Readable without the lock.</summary>
    public long Bytes => Volatile.Read(ref _bytes);

    /// <summary>Sets the local end. Bytes that have come so far are written first.</summary>
    public void Attach(ILocalEndpoint endpoint, StreamLife life)
    {
        bool isGone;
        bool drains;
        bool ends;
        lock (Sync)
        {
            (Endpoint, _life) = (endpoint, life);
            isGone = IsDiscarding;
            drains = !isGone && !undelivered.IsEmpty;
            ends = !drains && _ending == LocalEnding.Fin;
            if (drains)
                BeginWriting();
        }

        // The stream may have been reset a moment ago, when there was no endpoint yet to pass the reset on to.
        if (isGone)
            endpoint.Reset(flush: false);
        else if (drains)
            undelivered.Drain(endpoint);
        else if (ends)
            EndInOrder(endpoint);
    }

    /// <summary>FIN has come: it follows the bytes that wait.</summary>
    public void OnRemoteClose()
    {
        ILocalEndpoint? endpoint;
        lock (Sync)
        {
            _ending = LocalEnding.Fin;
            endpoint = IsWriting ? null : Endpoint;
        }

        if (endpoint is not null)
            EndInOrder(endpoint);
    }

    /// <summary>
    /// A reset has come, or the tunnel is lost: RST follows the bytes that wait, as long as the local peer keeps taking it.
    /// </summary>
    public void OnRemoteReset()
    {
        ILocalEndpoint? endpoint;
        bool drains;
        lock (Sync)
        {
            _ending = LocalEnding.Reset;
            if (Endpoint is null || IsDiscarding)
                Discard();
            drains = IsWriting;
            endpoint = drains ? null : Endpoint;
        }

        if (endpoint is not null)
            endpoint.Reset(flush: true);
        else if (drains)
            context.Sweeper.Add(this);
    }

    /// <summary>
    /// Frees memory, which is short. A stream that was reset already and only drains has no state left to change, but it still holds
    /// memory.
    /// </summary>
    public void GiveUp()
    {
        ILocalEndpoint? endpoint;
        lock (Sync)
        {
            if (IsDiscarding)
                return;
            Discard();
            endpoint = Endpoint;
        }

        endpoint?.Reset(flush: false);
    }

    /// <summary>Drops the waiting bytes and all that come later. Called with the lock held.</summary>
    public void Discard()
    {
        IsDiscarding = true;
        undelivered.Drop(IsWriting);
    }

    /// <summary>Counts bytes that were given to the local peer. Called without the lock.</summary>
    public void Count(int bytes) => Interlocked.Add(ref _bytes, bytes);

    // ---- for the writer of the waiting bytes; with the lock held, unless a member says otherwise

    /// <summary>Notes that a writer starts.</summary>
    public void BeginWriting()
    {
        IsWriting = true;
        NoteProgress();
    }

    /// <summary>Notes that the local peer has taken bytes.</summary>
    public void NoteProgress() => _progressAt = context.NowMilliseconds;

    /// <summary>Notes that the writer pauses, though more may follow.</summary>
    public void PauseWriting() => IsWriting = false;

    /// <summary>Notes that the writer has written all waiting bytes.</summary>
    /// <returns>What <see cref="Conclude"/> has to do.</returns>
    public LocalEnding EndWriting()
    {
        IsWriting = false;

        // The socket of a reset stream must still be closed, even when its local peer went away during the write.
        return IsDiscarding && _ending != LocalEnding.Reset ? LocalEnding.None : _ending;
    }

    /// <summary>Passes on what follows the last byte. Called without the lock.</summary>
    public void Conclude(ILocalEndpoint endpoint, LocalEnding ending)
    {
        if (ending == LocalEnding.Fin)
            EndInOrder(endpoint);
        else if (ending == LocalEnding.Reset)
            endpoint.Reset(flush: true);
    }

    // A stream that was reset while it still drains gets time to do so. It is cut off when its local peer has taken nothing for too long,
    // counted from before the reset.
    bool ISweepable.Sweep()
    {
        ILocalEndpoint endpoint;
        lock (Sync)
        {
            if (!IsWriting)
                return false;
            if (context.NowMilliseconds - _progressAt < PatienceMilliseconds)
                return true;
            Discard();
            endpoint = Endpoint!;
        }

        endpoint.Reset(flush: false);
        return false;
    }

    private void EndInOrder(ILocalEndpoint endpoint)
    {
        endpoint.ShutdownWrite();
        _life!.OnDelivered();
    }
}

/// <summary>The end that follows the last byte into the local socket.</summary>
internal enum LocalEnding
{
    /// <summary>Nothing yet.</summary>
    None,

    /// <summary>FIN.</summary>
    Fin,

    /// <summary>RST.</summary>
    Reset,
}
