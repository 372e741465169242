using System.Buffers;
using Tunnel.Shared.Transport.Buffers;

namespace Tunnel.Shared.Transport.Mux.Core;

/// <summary>
/// The frames of one lane that were sent and that the peer has not acknowledged, so that they can be sent again over another connection
/// (protocol.md section 8). All counted bytes of a lane have an offset, from 0. Large batches stay in the buffer that they were sent from;
/// small ones are copied together, so that a keystroke does not hold a whole buffer. What is held counts in the memory budget, and
/// in the share of it that the peer's tunnels have together. A lane that finds no room there sends no data until the peer has acknowledged
/// some; where the budget itself has no room, it loses the right to resume until the peer has acknowledged all that was sent so far.
/// <para/> The lane's lock guards all members; <see cref="Forget"/> takes it.
/// </summary>
/// <param name="sync">The lane's lock.</param>
/// <param name="flow">The memory that all tunnels of the process share.</param>
/// <param name="share">The part of it that the peer's tunnels have.</param>
internal sealed class KeptBytes(Lock sync, FlowController flow, KeptShare share) : IKeeper
{
    /// <summary>Batches of at most this many bytes are copied.</summary>
    public const int SmallBatch = 8 << 10;

    /// <summary>Bytes of a buffer that small batches are copied into.</summary>
    private const int ChunkSize = 16 << 10;

    private readonly KeptEntries _entries = new();
    private KeptHolding _held = new(share);

    // What the next batch was told when it asked for room for data; null while it has not asked, so that it has only control.
    private bool? _hasRoom;
    private long _from;
    private long _again;
    private long _written;
    private long _resumable;
    private bool _isOver;

    /// <summary>True when the two ends have agreed to resume.</summary>
    public bool IsOn { get; private set; }

    /// <summary>The offset behind the last byte that was sent, or is in a batch to be sent.</summary>
    public long Sent { get; private set; }

    /// <summary>The offset up to which the peer has acknowledged.</summary>
    public long Acknowledged { get; private set; }

    /// <summary>Bytes of memory that are held. Readable without the lock.</summary>
    public long Held => _held.Bytes;

    /// <summary>The memory that the peer's tunnels have.</summary>
    public KeptShare Share => share;

    /// <inheritdoc/>
    public long HeldByPeer => share.Held;

    /// <summary>
    /// True while the lane may hold no more: data waits until the peer has acknowledged some of what it holds. What is under way then is
    /// more than the connection's path takes, or the peer is slow to handle it. Control goes on, thousands of openings and endings: the
    /// peer's reserve has room for it. A lane that holds nothing would wait for nobody, so it goes on, and nothing of it is kept.
    /// </summary>
    public bool IsFull => IsOn && Held > 0 && _held.Room == 0;

    /// <summary>True while bytes wait to be sent again.</summary>
    public bool HasAgain => _again < Sent;

    /// <summary>The offset from which on everything can be sent again.</summary>
    public long From => Math.Max(Acknowledged, _resumable);

    /// <summary>Keeps what is sent from now on.</summary>
    public void Begin()
    {
        if (IsOn || _isOver)
            return;
        IsOn = true;
        _resumable = Sent;
        flow.AddKeeper(this);
    }

    /// <summary>
    /// Asks whether data may go into the next batch. If so, there is room for the batch then; only where the lane holds nothing, and may
    /// hold nothing, the batch goes without being kept.
    /// </summary>
    public bool TakesData()
    {
        if (!IsOn || _hasRoom is not null)
            return true;
        if (_held.Room > 0)
            _hasRoom = true;
        else if (Held == 0)
            _hasRoom = false;
        return _hasRoom is not null;
    }

    /// <summary>Notes that a batch is about to be sent.</summary>
    /// <param name="batch">A buffer of the shared pool.</param>
    /// <param name="start">Where the counted bytes begin.</param>
    /// <param name="length">The number of counted bytes.</param>
    /// <returns>True when the buffer is kept: it goes back to the pool once it is acknowledged.</returns>
    public bool Add(byte[] batch, int start, int length)
    {
        var hasRoom = _hasRoom;
        _hasRoom = null;
        if (length == 0)
            return false;
        Sent += length;
        _again += length;
        if (!IsOn)
        {
            _from = Sent;
            return false;
        }

        if (length <= SmallBatch)
        {
            Copy(batch.AsSpan(start, length), hasRoom == true);
            return false;
        }

        var isKept = TryHold(batch.Length, hasRoom);
        _entries.Append(new KeptEntry(isKept ? batch : null, start, length));
        return isKept;
    }

    /// <summary>Notes that the connection has taken counted bytes, so that their buffer is no longer read.</summary>
    public void OnWritten(int bytes)
    {
        _written += bytes;
        Trim();
    }

    /// <summary>Notes that the peer has processed everything before <paramref name="offset"/>.</summary>
    /// <returns>False when that was never sent.</returns>
    public bool TryAcknowledge(long offset)
    {
        if (offset > Sent || offset < 0)
            return false;
        if (offset <= Acknowledged)
            return true;
        Acknowledged = offset;
        Trim();
        return true;
    }

    /// <summary>Whether a peer that has processed everything before an offset can be sent the rest.</summary>
    public bool CanResumeAt(long offset) => offset >= From && offset <= Sent;

    /// <summary>Notes that nothing is being written any more.</summary>
    public void OnDetached()
    {
        _again = _written = Sent;
        Trim();
    }

    /// <summary>Sends everything from an offset again, for which <see cref="CanResumeAt"/> is true.</summary>
    public void SendAgainFrom(long offset)
    {
        Acknowledged = offset;
        _again = _written = offset;
        Trim();
    }

    /// <summary>Takes the next bytes that must be sent again. They stay valid until <see cref="OnWritten"/>.</summary>
    public ReadOnlyMemory<byte> TakeAgain()
    {
        var at = _from;
        for (var i = 0; HasAgain && i < _entries.Count; i++)
        {
            ref var entry = ref _entries[i];
            var end = at + entry.Length;
            if (_again < end)
            {
                var skipped = (int)(_again - at);
                _again = end;
                return entry.Bytes.AsMemory(entry.Start + skipped, entry.Length - skipped);
            }

            at = end;
        }

        return default;
    }

    /// <inheritdoc/>
    public void Forget()
    {
        lock (sync)
        {
            // What has to be sent again on a connection that is already in use can't be left out.
            if (!HasAgain)
                ForgetSent();
        }
    }

    /// <summary>Frees everything, because the lane has ended.</summary>
    public void End()
    {
        if (_isOver)
            return;
        (_isOver, IsOn) = (true, false);
        flow.RemoveKeeper(this);

        // A buffer that is still being written is left to the garbage collector.
        for (var at = _from; _entries.Count > 0;)
        {
            at += _entries[0].Length;
            RemoveFirst(isFree: at <= _written);
        }

        _from = Sent;
        share.Close();
    }

    private void ForgetSent()
    {
        _resumable = Sent;
        Trim();
    }

    private void Copy(ReadOnlySpan<byte> bytes, bool hasRoom)
    {
        if (_entries.Count > 0)
        {
            ref var last = ref _entries[^1];
            if (last.IsChunk && last.Bytes!.Length - last.Start - last.Length >= bytes.Length)
            {
                bytes.CopyTo(last.Bytes.AsSpan(last.Start + last.Length));
                last.Length += bytes.Length;
                return;
            }
        }

        // Control is small, and so is data that a user waits for.
        if (!TryHold(ChunkSize, hasRoom ? true : null))
        {
            _entries.Append(new KeptEntry(null, 0, bytes.Length));
            return;
        }

        var chunk = ArrayPool<byte>.Shared.Rent(ChunkSize);
        bytes.CopyTo(chunk);
        _entries.Append(new KeptEntry(chunk, 0, bytes.Length) { IsChunk = true });
    }

    // What can't be kept can't be sent again, and neither can what was sent before it.
    private bool TryHold(int bytes, bool? hasRoom)
    {
        if (flow.Budget.TryTake(bytes))
        {
            if (hasRoom == true)
            {
                _held.Take(bytes);
                return true;
            }

            if (hasRoom is null && _held.TryTake(bytes))
                return true;
            flow.Budget.Return(bytes);
        }

        ForgetSent();
        return false;
    }

    // Buffers are freed when they are acknowledged or forgotten, but never before the connection has taken them: an acknowledgement that
    // comes too early is the peer's lie.
    private void Trim()
    {
        var until = Math.Min(From, _written);
        while (_entries.Count > 0 && _from + _entries[0].Length <= until)
            RemoveFirst(isFree: true);
    }

    private void RemoveFirst(bool isFree)
    {
        ref var entry = ref _entries[0];
        _from += entry.Length;
        if (entry.Bytes is { } bytes)
        {
            var held = entry.IsChunk ? ChunkSize : bytes.Length;
            _held.Return(held);
            flow.Budget.Return(held);
            if (isFree)
                ArrayPool<byte>.Shared.Return(bytes);
        }

        _entries.RemoveFirst();
    }
}
