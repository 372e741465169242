namespace Tunnel.Shared.Transport.Moving;

/// <summary>
/// The sending half of a <see cref="MovableStream"/>: what the local end says goes to the present leg, and is kept until the peer has it.
/// The lock of sending guards it, and is held while the local end is read.
/// </summary>
internal sealed class MovableSender(MovableCore core)
{
    private readonly SentBytes _sent = new(core.Context.Flow.Segments, core.Share);
    private LocalReadStatus? _localEnd;
    private long _next;
    private bool _waits;

    /// <summary>Bytes that went from the local end into tunnels.</summary>
    public long Bytes => _sent.End;

    /// <summary>The offset from which bytes can be sent again.</summary>
    public long From => _sent.From;

    /// <summary>Whether the local end has said its last byte.</summary>
    public bool HasEnded => _localEnd == LocalReadStatus.EndOfFile;

    /// <summary>Whether the peer has all bytes and their end, or will never ask for them.</summary>
    public bool IsEndTaken { get; private set; }

    /// <summary>Whether neither end will ask for anything any more.</summary>
    public bool IsSettled => core.IsOver && (!core.Owner.End.Completed || IsEndTaken);

    /// <summary>How far the local end has been read, and its end.</summary>
    public long Offset => _sent.End + (HasEnded ? 1 : 0);

    /// <summary>Whether bytes wait to be sent again. Called with the lock held.</summary>
    public bool IsSendingAgain => _next < _sent.End;

    // Once the peer has reset the stream, or both ends are done, nobody asks for anything any more.
    private bool MayBeAsked => !IsEndTaken && !core.IsOver;

    /// <inheritdoc cref="ILocalEndpoint.TryRead"/>
    public LocalReadStatus Read(StreamLeg leg, Span<byte> buffer, out int count)
    {
        count = 0;
        lock (core.SendLock)
        {
            if (leg.IsLeft)
                return LocalReadStatus.EndOfFile;
            if (leg != core.Leg || !leg.IsOpen)
                return LocalReadStatus.WouldBlock;
            count = leg.TakeUnsaid(buffer);
            if (count > 0)
                return LocalReadStatus.Data;
            if (_next < _sent.End)
            {
                count = _sent.Read(_next, buffer);
                _next += count;
                if (!leg.Keeps)
                    _sent.Trim(_next);
                return LocalReadStatus.Data;
            }

            return _localEnd switch
            {
                null => ReadLocal(leg, buffer, out count),
                _ when core.IsLocalReset => LocalReadStatus.Reset,
                { } ended => ended,
            };
        }
    }

    /// <inheritdoc cref="ILocalEndpoint.ArmRead"/>
    public bool ArmRead(StreamLeg leg)
    {
        lock (core.SendLock)
        {
            if (leg.IsLeft)
                return true;
            if (leg != core.Leg || !leg.IsOpen)
                return false;
            if (leg.HasUnsaid || _next < _sent.End || _localEnd is not null)
                return true;
            _waits = HasToWait(leg);
            if (!_waits)
                return core.Local!.ArmRead();
            core.Local!.ParkRead();
            return false;
        }
    }

    /// <inheritdoc cref="ILocalEndpoint.ParkRead"/>
    public void ParkRead(StreamLeg leg)
    {
        lock (core.SendLock)
        {
            if (leg == core.Leg && _localEnd is null)
                core.Local!.ParkRead();
        }
    }

    /// <summary>The peer has everything before an offset. Called with the lock held.</summary>
    /// <returns>False when that was never sent.</returns>
    public bool TryAcknowledge(long offset)
    {
        if (offset > (_next < _sent.End ? _next : Offset))
            return false;
        IsEndTaken |= offset > _sent.End;
        _sent.Trim(Math.Min(offset, _next));
        GoOnReading();
        return true;
    }

    /// <summary>Whether the peer can be sent what it has not yet received. Called with the lock held.</summary>
    public bool CanGoOnFrom(long received) => received >= _sent.From && received <= Offset;

    /// <summary>Sends on another leg what the peer has not yet received. Called with the lock held.</summary>
    /// <returns>The bytes that are sent again.</returns>
    public long GoOnFrom(long received)
    {
        IsEndTaken = received > _sent.End;
        _next = Math.Min(received, _sent.End);
        _sent.Trim(_next);
        return _sent.End - _next;
    }

    /// <summary>Goes on over another leg while the one before takes all that was sent. Called with the lock held.</summary>
    /// <param name="leg">The leg.</param>
    /// <param name="instead">The leg in whose place it is, of which the peer has heard nothing; null when there was none.</param>
    public void HandOverTo(StreamLeg leg, StreamLeg? instead)
    {
        if (instead is not null)
        {
            leg.Begin(instead.BeginsAt, instead.Beginning);
            _next = instead.BeginsAt;
            return;
        }

        leg.Begin(_sent.End, Offset);
        if (!leg.Keeps)
            _sent.Trim(_sent.End);
    }

    /// <summary>Forgets what was kept, since nobody will ask for it.</summary>
    /// <param name="inOrder">True when the peer has all, or would get the rest only for a local end that hears no more.</param>
    public void Forget(bool inOrder)
    {
        lock (core.SendLock)
        {
            IsEndTaken |= inOrder;
            _sent.Forget();
            _next = _sent.End;
            GoOnReading();
        }
    }

    private bool HasToWait(StreamLeg leg) => Room(leg) == 0;

    // A reset of the local end is behind what it has said, and is not waited for.
    private int Room(StreamLeg leg) => Keeps(leg) && !core.IsLocalReset ? _sent.Room : int.MaxValue;

    private bool Keeps(StreamLeg leg) => leg.Keeps && MayBeAsked;

    private void GoOnReading()
    {
        if (!_waits || core.Leg is not { Carrier: not null } leg || HasToWait(leg))
            return;
        _waits = false;
        leg.Later(static carrier => carrier.NotifyReadable());
    }

    private LocalReadStatus ReadLocal(StreamLeg leg, Span<byte> buffer, out int count)
    {
        count = 0;
        var room = Room(leg);
        if (room == 0)
            return LocalReadStatus.WouldBlock;
        if (room < buffer.Length)
            buffer = buffer[..room];
        var status = core.Local!.TryRead(buffer, out count);
        if (status == LocalReadStatus.Data)
        {
            _next += count;
            if (Keeps(leg))
                _sent.Append(buffer[..count], hasRoom: room < int.MaxValue);
            else
                _sent.Skip(count);
        }
        else if (status != LocalReadStatus.WouldBlock)
        {
            _localEnd = status;
        }

        return status;
    }
}
