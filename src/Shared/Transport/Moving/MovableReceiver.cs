using Tunnel.Shared.Protocol;

namespace Tunnel.Shared.Transport.Moving;

/// <summary>
/// The receiving half of a <see cref="MovableStream"/>: what the present leg brings goes to the local end, behind what a former leg has
/// begun to write. <see cref="Sync"/> guards it, and is held while the local end is written to.
/// </summary>
internal sealed class MovableReceiver(MovableStream stream)
{
    private Task _writing = Task.CompletedTask;
    private long _bytes;
    private bool _hasEnded;
    private bool _isClosed;

    /// <summary>The lock of receiving.</summary>
    public Lock Sync { get; } = new();

    /// <summary>Bytes that the local end has been given.</summary>
    public long Bytes => Volatile.Read(ref _bytes);

    /// <summary>Whether the peer has said its last byte.</summary>
    public bool HasEnded => Volatile.Read(ref _hasEnded);

    /// <summary>How far the peer's bytes have been received, and their end.</summary>
    public long Offset => Bytes + (HasEnded ? 1 : 0);

    /// <inheritdoc cref="ILocalEndpoint.TryWrite"/>
    public int Write(StreamLeg leg, ReadOnlySpan<byte> data)
    {
        int written;
        lock (Sync)
        {
            if (stream.HandOvers.Before(leg) is not null)
                return 0;
            if (!IsHeard(leg))
                return -1;
            if (!_writing.IsCompleted)
                return 0;
            written = stream.Local!.TryWrite(data);
            if (written < 0)
            {
                stream.IsLocalReset = true;
                return -1;
            }

            Volatile.Write(ref _bytes, _bytes + written);
        }

        if (written > 0)
            leg.Table?.OnReceived(stream);
        return written;
    }

    /// <inheritdoc cref="ILocalEndpoint.WriteAsync"/>
    public ValueTask<bool> WriteAsync(StreamLeg leg, ReadOnlyMemory<byte> data)
    {
        ValueTask<bool> writing;
        lock (Sync)
        {
            if (stream.HandOvers.Before(leg) is { } before)
                return new ValueTask<bool>(WriteAfterAsync(before, leg, data));
            if (!IsHeard(leg))
                return new ValueTask<bool>(false);
            if (!_writing.IsCompleted)
            {
                var behind = WriteBehindAsync(_writing, leg, data);
                _writing = behind;
                return new ValueTask<bool>(behind);
            }

            writing = BeginWrite(data);
            if (!writing.IsCompleted)
            {
                var task = FinishAsync(writing);
                _writing = task;
                writing = new ValueTask<bool>(task);
            }
            else if (writing.IsCompletedSuccessfully)
            {
                writing = new ValueTask<bool>(Finish(writing.Result));
            }
        }

        leg.Table?.OnReceived(stream);
        return writing;
    }

    /// <summary>The peer has sent its last byte, and all before it was written.</summary>
    public void OnPeerEnd(StreamLeg leg)
    {
        if (stream.HandOvers.TryHoldEnd(leg))
            return;
        Action<ILocalEndpoint>? end;
        lock (Sync)
        {
            if (leg != stream.Leg || _hasEnded)
                return;
            if (!leg.IsOpen)
            {
                // There was no answer, so it is not known whose end this is.
                leg.Later(static carrier => carrier.Reset(ResetReason.Protocol));
                return;
            }

            Volatile.Write(ref _hasEnded, true);
            end = Behind(static local => local.ShutdownWrite());
        }

        leg.Table?.OnReceived(stream);
        end?.Invoke(stream.Local!);
    }

    /// <summary>Closes the local end once, in order, unless the leg is not the present one any more.</summary>
    /// <param name="leg">The leg that has ended; null for whichever.</param>
    public void Close(StreamLeg? leg)
    {
        if (leg is not null && stream.HandOvers.TryHold(leg, () => Close(leg)))
            return;
        Action<ILocalEndpoint>? close;
        lock (Sync)
        {
            if (_isClosed || (leg is not null && leg != stream.Leg))
                return;
            _isClosed = true;
            close = Behind(static local => local.Close());
        }

        close?.Invoke(stream.Local!);
    }

    /// <summary>Notes that the local end is reset, and is not closed any more. Called with the lock held.</summary>
    public void NoteReset() => _isClosed = true;

    // This is called with the lock held.
    private bool IsHeard(StreamLeg leg) => leg.IsOpen && leg == stream.HandOvers.Receiving;

    private async Task<bool> WriteAfterAsync(Task before, StreamLeg leg, ReadOnlyMemory<byte> data)
    {
        await before;
        return await WriteAsync(leg, data);
    }

    // The bytes count from now on: the local end gets them, whatever becomes of the leg. Called with the lock held.
    private ValueTask<bool> BeginWrite(ReadOnlyMemory<byte> data)
    {
        Volatile.Write(ref _bytes, _bytes + data.Length);
        return stream.Local!.WriteAsync(data);
    }

    private async Task<bool> WriteBehindAsync(Task before, StreamLeg leg, ReadOnlyMemory<byte> data)
    {
        await before.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        ValueTask<bool> writing;
        lock (Sync)
        {
            if (!IsHeard(leg))
                return false;
            writing = BeginWrite(data);
        }

        leg.Table?.OnReceived(stream);
        return await FinishAsync(writing);
    }

    private async Task<bool> FinishAsync(ValueTask<bool> writing) => Finish(await writing);

    private bool Finish(bool isWritten)
    {
        if (!isWritten)
            stream.IsLocalReset = true;
        return isWritten;
    }

    // Called with the lock held. Returns what to do now; null when it is done behind a write that is under way.
    private Action<ILocalEndpoint>? Behind(Action<ILocalEndpoint> action)
    {
        if (_writing.IsCompleted)
            return action;
        _writing = BehindAsync(_writing, action);
        return null;
    }

    private async Task BehindAsync(Task before, Action<ILocalEndpoint> action)
    {
        await before.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        action(stream.Local!);
    }
}
