using Tunnel.Shared.Transport;

namespace Tunnel.TestUtilities.Mux;

/// <summary>
/// The local end of a stream in a script: says what the script lets it, takes as much as the script gives it room for. What it says follows
/// from its number, so that the other end can tell whether each byte is the right one.
/// </summary>
/// <param name="says">The number of what it says.</param>
/// <param name="hears">The number of what the other end says.</param>
internal sealed class ScriptedEndpoint(int says, int hears) : ILocalEndpoint
{
    // A write that ends at once for longer than this makes the tunnel let others have their turn, on another thread.
    private const int AtOnce = 32 << 10;

    // The length is a prime and larger than any piece.
    private const int SpeechLength = 131_071;

    private static readonly byte[] Speech = MakeSpeech();

    private ITunnelStream? _stream;
    private TaskCompletionSource<bool>? _write;
    private ReadOnlyMemory<byte> _writing;
    private int _takenAtOnce;
    private bool _armed;
    private bool _fin;
    private bool _resets;

    /// <summary>Checks that what comes is what the other end says.</summary>
    public bool Checks { get; init; } = true;

    /// <summary>How many bytes it takes from now on.</summary>
    public int Room { get; set; }

    /// <summary>How many bytes it has to say at present.</summary>
    public long ToSay { get; private set; }

    /// <summary>How many bytes it has said.</summary>
    public long Said { get; private set; }

    /// <summary>How many bytes it has heard.</summary>
    public long Heard { get; private set; }

    /// <summary>Whether it has heard the end, behind the last byte.</summary>
    public bool HeardEnd { get; private set; }

    /// <summary>Whether it was reset, or has itself reset.</summary>
    public bool IsGone { get; private set; }

    public bool IsClosed { get; private set; }

    /// <summary>Whether a write waits for room.</summary>
    public bool IsWriting => _write is not null;

    public void Say(int count)
    {
        if (_fin || _resets)
            return;
        ToSay += count;
        Notify();
    }

    public void SayEnd()
    {
        _fin = true;
        Notify();
    }

    public void ResetByPeer()
    {
        if (_resets || IsGone || IsClosed || _stream is null)
            return;
        _resets = true;
        _stream.NotifyLocalReset();
    }

    /// <summary>Takes this much more, also of a write that waits.</summary>
    public void GiveRoom(int count)
    {
        Room = (int)Math.Min(int.MaxValue, (long)Room + count);
        EndWaitingWrite();
    }

    /// <summary>
    /// Ends a write that waited when the endpoint is gone, or has room: from the script, never in the midst of a call of the tunnel's.
    /// </summary>
    public bool EndWaitingWrite()
    {
        if (_write is not { } write || (Room < _writing.Length && !IsGone && !_resets))
            return false;
        _write = null;
        var taken = !IsGone && !_resets;
        if (taken)
            Take(_writing.Span);
        _takenAtOnce = 0;
        write.SetResult(taken);
        return true;
    }

    void ILocalEndpoint.Start(ITunnelStream stream) => _stream = stream;

    LocalReadStatus ILocalEndpoint.TryRead(Span<byte> buffer, out int count)
    {
        count = (int)Math.Min(buffer.Length, ToSay);
        Words(says, Said, count).CopyTo(buffer);
        ToSay -= count;
        Said += count;
        if (count > 0)
            return LocalReadStatus.Data;
        return _resets || IsGone ? LocalReadStatus.Reset : _fin ? LocalReadStatus.EndOfFile : LocalReadStatus.WouldBlock;
    }

    bool ILocalEndpoint.ArmRead()
    {
        _armed = !HasNews;
        return HasNews;
    }

    void ILocalEndpoint.ParkRead()
    {
    }

    int ILocalEndpoint.TryWrite(ReadOnlySpan<byte> data)
    {
        if (IsGone || _resets)
            return -1;
        var count = Math.Min(data.Length, Room);
        Take(data[..count]);
        return count;
    }

    ValueTask<bool> ILocalEndpoint.WriteAsync(ReadOnlyMemory<byte> data)
    {
        if (IsGone || _resets)
            return new ValueTask<bool>(false);
        if (data.Length <= Room && _takenAtOnce + data.Length <= AtOnce)
        {
            _takenAtOnce += data.Length;
            Take(data.Span);
            return new ValueTask<bool>(true);
        }

        Demand(_write is null, "one write at a time");
        _writing = data;
        _write = new TaskCompletionSource<bool>();
        return new ValueTask<bool>(_write.Task);
    }

    void ILocalEndpoint.ShutdownWrite()
    {
        Demand(!HeardEnd, "the end comes once");
        HeardEnd = true;
    }

    void ILocalEndpoint.Close()
    {
        Demand(!IsClosed, "it is closed once");
        IsClosed = true;
    }

    void ILocalEndpoint.Reset(bool flush) => IsGone = true;

    private bool HasNews => ToSay > 0 || _fin || _resets || IsGone;

    private void Notify()
    {
        if (!_armed || _stream is null)
            return;
        _armed = false;
        _stream.NotifyReadable();
    }

    private void Take(ReadOnlySpan<byte> data)
    {
        if (Checks)
        {
            Demand(data.IsEmpty || (!HeardEnd && !IsClosed), "nothing comes behind the end");
            Demand(data.SequenceEqual(Words(hears, Heard, data.Length)), "each byte is the one that was said, in order");
        }

        Room -= Room == int.MaxValue ? 0 : data.Length;
        Heard += data.Length;
    }

    private static void Demand(bool holds, string property)
    {
        if (!holds)
            throw new PropertyException(property);
    }

    private static ReadOnlySpan<byte> Words(int number, long at, int count) =>
        Speech.AsSpan((int)((((uint)number * 7919L) + at) % SpeechLength), count);

    private static byte[] MakeSpeech()
    {
        // The pattern is there twice, so that no piece wraps.
        var speech = new byte[2 * SpeechLength];
        new Random(1).NextBytes(speech.AsSpan(0, SpeechLength));
        speech.AsSpan(0, SpeechLength).CopyTo(speech.AsSpan(SpeechLength));
        return speech;
    }
}
