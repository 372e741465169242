using System.Buffers.Binary;
using Tunnel.Shared.Guarding;

namespace Tunnel.Shared.Transport.Moving.Tables;

/// <summary>
/// Tells the peer of a tunnel what its streams have received: at once when it is much, else a little later, for many streams in one frame.
/// Thread-safe.
/// </summary>
/// <param name="table">The streams of the tunnel.</param>
/// <param name="context">The clock.</param>
/// <param name="acknowledge">Sends an ACK.</param>
internal sealed class AckQueue(MovableStreams table, TransportContext context, Action<byte[]> acknowledge)
{
    /// <summary>Bytes of an entry of ACK: a stream's number and how much of it was received.</summary>
    public const int EntrySize = 12;

    /// <summary>
    /// The offset that stands for all of a stream, because it has ended here: what was not passed on, to a local end that was gone, is
    /// never asked for.
    /// </summary>
    public const long Everything = long.MaxValue;

    private const int MostEntries = 4_096;

    private readonly Lock _lock = new();
    private List<IMovable> _streams = [];
    private ITimer? _timer;
    private bool _isStopped;

    /// <summary>Notes that a stream has received something. Called without a stream's lock.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="received">What has come of it: it is asked for every write, and not the stream.</param>
    public void Add(IMovable stream, ReceivedBytes received)
    {
        var atOnce = received.Offset - received.Told >= AckPace.AtOnce;
        if (received.IsToldSoon && !atOnce)
            return;
        lock (_lock)
        {
            // The peer learns by the move how much was received.
            if (_isStopped)
                return;
            if (!received.IsToldSoon)
            {
                received.IsToldSoon = true;
                _streams.Add(stream);
            }

            if (!atOnce && _streams.Count == 1)
                StartTimer();
        }

        if (atOnce)
            Flush();
    }

    /// <summary>Notes that the tunnel has ended.</summary>
    public void Stop()
    {
        lock (_lock)
        {
            _isStopped = true;
            _timer?.Dispose();
            foreach (var stream in _streams)
                stream.Received.IsToldSoon = false;
            _streams.Clear();
        }
    }

    private void StartTimer()
    {
        _timer ??= context.Time.CreateGuardedTimer(static self => self.Flush(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _timer.Change(AckPace.Delay, Timeout.InfiniteTimeSpan);
    }

    private void Flush()
    {
        List<IMovable> streams;
        lock (_lock)
        {
            (streams, _streams) = (_streams, []);
            foreach (var stream in streams)
                stream.Received.IsToldSoon = false;
        }

        foreach (var part in streams.Chunk(MostEntries))
            Send(part);
    }

    private void Send(IMovable[] streams)
    {
        var payload = new byte[streams.Length * EntrySize];
        var used = 0;
        foreach (var stream in streams)
        {
            if (!stream.TryFindNumber(table, out var id))
                continue;
            var offset = stream.Received.Told = stream.Received.Offset;
            BinaryPrimitives.WriteUInt32BigEndian(payload.AsSpan(used), id);
            BinaryPrimitives.WriteInt64BigEndian(payload.AsSpan(used + sizeof(uint)), stream.IsOver ? Everything : offset);
            used += EntrySize;
        }

        if (used > 0)
            acknowledge(payload[..used]);
    }
}
