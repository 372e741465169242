namespace Tunnel.Shared.Transport.Streams;

/// <summary>
/// What has come out of the tunnel on its way into the local socket, whatever carried it: where it goes, whether somebody is writing, and
/// what is to follow the last byte. FIN follows all that waits. RST does too, as long as the local peer goes on taking it; one that has
/// taken nothing for <see cref="PatienceMilliseconds"/> is cut off. The bytes themselves are kept by an <see cref="IUndelivered"/>. <para/>
/// <see cref="Sync"/> guards this and them; it is never held over I/O, and the lock of a <see cref="StreamLife"/> is not taken under it.
/// </summary>
internal sealed class LocalDelivery(IUndelivered undelivered, TransportContext context) : ISweepable
{
    /// <summary>So long a local peer may take nothing of what came before a reset.</summary>
    public const long PatienceMilliseconds = 5_000;

    private StreamLife? _life;
    private LocalEnding _ending;
    private long _progressAt;
    private long _bytes;

    public Lock Sync { get; } = new();

    /// <summary>The local end, once there is one.</summary>
    public ILocalEndpoint? Endpoint { get; private set; }

    /// <summary>Somebody writes what waits; nothing else may be written meanwhile.</summary>
    public bool IsWriting { get; private set; }

    /// <summary>Nothing is wanted any more.</summary>
    public bool IsDiscarding { get; private set; }

    /// <summary>The peer, or the loss of the tunnel, has ended it with a reset.</summary>
    public bool EndsWithReset => _ending == LocalEnding.Reset;

    /// <summary>Bytes given to the local peer. Without the lock.</summary>
    public long Bytes => Volatile.Read(ref _bytes);

    /// <summary>Gives the local end; what has come so far is written first.</summary>
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

        // The stream may have been reset a moment ago, and found no endpoint to pass that on to.
        if (isGone)
            endpoint.Reset(flush: false);
        else if (drains)
            undelivered.Drain(endpoint);
        else if (ends)
            EndInOrder(endpoint);
    }

    /// <summary>FIN has come: it follows what waits.</summary>
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

    /// <summary>A reset has come, or the tunnel is lost: RST after what waits, as long as the local peer keeps taking it.</summary>
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
    /// Memory is short: a stream that was reset already and only drains has no state left to change, but memory to give up.
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

    /// <summary>Nothing is wanted any more. With the lock held.</summary>
    public void Discard()
    {
        IsDiscarding = true;
        undelivered.Drop(IsWriting);
    }

    /// <summary>Bytes were given to the local peer. Without the lock.</summary>
    public void Count(int bytes) => Interlocked.Add(ref _bytes, bytes);

    // ---- by the one who writes what waits, with the lock held where not said otherwise

    /// <summary>From now on somebody writes.</summary>
    public void BeginWriting()
    {
        IsWriting = true;
        NoteProgress();
    }

    /// <summary>The local peer has taken something.</summary>
    public void NoteProgress() => _progressAt = context.NowMilliseconds;

    /// <summary>Nobody writes any more, though something may follow.</summary>
    public void PauseWriting() => IsWriting = false;

    /// <summary>Nothing waits any more.</summary>
    /// <returns>What <see cref="Conclude"/> has to do.</returns>
    public LocalEnding EndWriting()
    {
        IsWriting = false;

        // A reset stream whose local peer has gone in the middle still has its socket to be closed.
        return IsDiscarding && _ending != LocalEnding.Reset ? LocalEnding.None : _ending;
    }

    /// <summary>Passes on what follows the last byte. Without the lock.</summary>
    public void Conclude(ILocalEndpoint endpoint, LocalEnding ending)
    {
        if (ending == LocalEnding.Fin)
            EndInOrder(endpoint);
        else if (ending == LocalEnding.Reset)
            endpoint.Reset(flush: true);
    }

    // A stream that was reset while it still drains gets its time; one whose local peer has taken nothing for long, before the reset or
    // since, is cut off.
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

/// <summary>What follows the last byte that comes.</summary>
internal enum LocalEnding
{
    /// <summary>Nothing yet.</summary>
    None,

    /// <summary>FIN.</summary>
    Fin,

    /// <summary>RST.</summary>
    Reset,
}
