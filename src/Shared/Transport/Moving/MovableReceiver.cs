using Tunnel.Shared.Protocol;
using Tunnel.Shared.Transport.Moving.Tables;

namespace Tunnel.Shared.Transport.Moving;

/// <summary>
/// The receiving half of a <see cref="MovableStream"/>: what the present leg brings goes to the local end, behind what a former leg has
/// begun to write. The lock of receiving guards it, and is held while the local end is written to.
/// </summary>
internal sealed class MovableReceiver(MovableCore core)
{
    private Task _writing = Task.CompletedTask;
    private bool _isClosed;

    /// <summary>What the local end has been given.</summary>
    public ReceivedBytes Received { get; } = new();

    /// <summary>Whether the peer has said its last byte.</summary>
    public bool HasEnded => Received.HasEnded;

    /// <inheritdoc cref="ILocalEndpoint.TryWrite"/>
    public int Write(StreamLeg leg, ReadOnlySpan<byte> data)
    {
        int written;
        lock (core.ReceiveLock)
        {
            if (core.Before(leg) is not null)
                return 0;
            if (!IsHeard(leg))
                return -1;
            if (!_writing.IsCompleted)
                return 0;
            written = core.Local!.TryWrite(data);
            if (written < 0)
            {
                core.IsLocalReset = true;
                return -1;
            }

            Received.Add(written);
        }

        if (written > 0)
            leg.Table?.OnReceived(core.Stream, Received);
        return written;
    }

    /// <inheritdoc cref="ILocalEndpoint.WriteAsync"/>
    public ValueTask<bool> WriteAsync(StreamLeg leg, ReadOnlyMemory<byte> data)
    {
        ValueTask<bool> writing;
        lock (core.ReceiveLock)
        {
            if (core.Before(leg) is { } before)
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

        leg.Table?.OnReceived(core.Stream, Received);
        return writing;
    }

    /// <summary>The peer has sent its last byte, and all before it was written.</summary>
    public void OnPeerEnd(StreamLeg leg)
    {
        Action<ILocalEndpoint>? end;
        lock (core.ReceiveLock)
        {
            if (leg != core.Leg || HasEnded)
                return;
            if (!leg.IsOpen)
            {
                // There was no answer, so it is not known whose end this is.
                leg.Later(static carrier => carrier.Reset(ResetReason.Protocol));
                return;
            }

            Received.End();
            end = Behind(static local => local.ShutdownWrite());
        }

        leg.Table?.OnReceived(core.Stream, Received);
        end?.Invoke(core.Local!);
    }

    /// <summary>Closes the local end once, in order, unless the leg is not the present one any more.</summary>
    /// <param name="leg">The leg that has ended; null for whichever.</param>
    public void Close(StreamLeg? leg)
    {
        Action<ILocalEndpoint>? close;
        lock (core.ReceiveLock)
        {
            if (_isClosed || (leg is not null && leg != core.Leg))
                return;
            _isClosed = true;
            close = Behind(static local => local.Close());
        }

        close?.Invoke(core.Local!);
    }

    /// <summary>Notes that the local end is reset, and is not closed any more. Called with the lock held.</summary>
    public void NoteReset() => _isClosed = true;

    // This is called with the lock held.
    private bool IsHeard(StreamLeg leg) => leg.IsOpen && leg == core.Heard;

    private async Task<bool> WriteAfterAsync(Task before, StreamLeg leg, ReadOnlyMemory<byte> data)
    {
        await before;
        return await WriteAsync(leg, data);
    }

    // The bytes count from now on: the local end gets them, whatever becomes of the leg. Called with the lock held.
    private ValueTask<bool> BeginWrite(ReadOnlyMemory<byte> data)
    {
        Received.Add(data.Length);
        return core.Local!.WriteAsync(data);
    }

    private async Task<bool> WriteBehindAsync(Task before, StreamLeg leg, ReadOnlyMemory<byte> data)
    {
        await before.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        ValueTask<bool> writing;
        lock (core.ReceiveLock)
        {
            if (!IsHeard(leg))
                return false;
            writing = BeginWrite(data);
        }

        leg.Table?.OnReceived(core.Stream, Received);
        return await FinishAsync(writing);
    }

    private async Task<bool> FinishAsync(ValueTask<bool> writing) => Finish(await writing);

    private bool Finish(bool isWritten)
    {
        if (!isWritten)
            core.IsLocalReset = true;
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
        await before.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        action(core.Local!);
    }
}
