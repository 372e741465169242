namespace Tunnel.Shared.Transport.Streams;

/// <summary>
/// What the owner of a stream is told of its end: once, and at once when it asks only after the end. The stream's lock guards it, and the
/// owner is told without it (<see cref="Tell"/>). It is a struct, since every stream has one.
/// </summary>
internal struct OwnerEnd
{
    private StreamEnd _end;

    /// <summary>The observer that is told.</summary>
    public IStreamObserver? Observer { get; private set; }

    /// <summary>Whether the stream has ended for its owner.</summary>
    public bool HasEnded { get; private set; }

    /// <summary>How the stream has ended, once it has.</summary>
    public readonly StreamEnd End => _end;

    /// <summary>Sets who is told. Called with the lock held.</summary>
    /// <returns>True when the stream has ended already, so that the new observer must be told now.</returns>
    public bool Watch(IStreamObserver? observer)
    {
        Observer = observer;
        return HasEnded;
    }

    /// <summary>Ends the stream for its owner. Called with the lock held.</summary>
    /// <param name="end">How it has ended.</param>
    /// <param name="observer">Who must be told now. Whoever is set later is told by <see cref="Watch"/>.</param>
    /// <returns>False when it had ended before, so that nobody must be told.</returns>
    public bool TryEnd(in StreamEnd end, out IStreamObserver? observer)
    {
        observer = Observer;
        if (HasEnded)
            return false;
        (HasEnded, _end) = (true, end);
        return true;
    }

    /// <summary>Tells an owner. Called without the lock.</summary>
    /// <returns>
    /// What the owner has thrown, to be noted: its defect must not keep other streams from being ended or moved, nor bring down a timer.
    /// </returns>
    public static Exception? Tell(IStreamObserver? observer, ITunnelStream stream, in StreamEnd end)
    {
        try
        {
            observer?.OnStreamClosed(stream, end);
            return null;
        }
        catch (Exception e)
        {
            return e;
        }
    }
}
