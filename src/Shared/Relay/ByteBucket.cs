namespace Tunnel.Shared.Relay;

/// <summary>
/// A token bucket of bytes. Exact in the long run: what is not taken in a quarter of a second is lost, and nothing else. Used by one thread
/// at a time.
/// </summary>
internal sealed class ByteBucket
{
    private const double CapacitySeconds = 0.25;
    private const double QuantumSeconds = 0.02;
    private const int InitialQuanta = 2;

    // Larger pieces would not make fewer system calls.
    private const double MaxQuantum = 16 << 10;

    private readonly TimeProvider _time;
    private readonly double _rate;
    private readonly double _capacity;
    private readonly double _quantum;
    private double _tokens;
    private long _refilled;

    /// <param name="bytesPerSecond">At least 1.</param>
    /// <param name="time">Its clock.</param>
    public ByteBucket(int bytesPerSecond, TimeProvider time)
    {
        _time = time;
        _rate = bytesPerSecond;
        _capacity = Math.Max(1, bytesPerSecond * CapacitySeconds);
        _quantum = Math.Clamp(bytesPerSecond * QuantumSeconds, 1, MaxQuantum);
        // A request and its answer, and not the burst of one that was quiet.
        _tokens = Math.Min(_capacity, InitialQuanta * _quantum);
        _refilled = time.GetTimestamp();
    }

    /// <summary>Bytes that may pass now. None below a quantum: a busy stream would go byte by byte.</summary>
    public int Available(int wanted)
    {
        var now = _time.GetTimestamp();
        _tokens = Math.Min(_capacity, _tokens + (_time.GetElapsedTime(_refilled, now).TotalSeconds * _rate));
        _refilled = now;
        return _tokens < _quantum ? 0 : (int)Math.Min(_tokens, wanted);
    }

    /// <summary>So many have passed; at most what was available.</summary>
    public void Take(int bytes) => _tokens -= bytes;
}
