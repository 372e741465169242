namespace Tunnel.Shared.Relay;

/// <summary>
/// A token bucket of bytes. It is exact in the long run: only tokens that are not taken within a quarter of a second are lost. Only one
/// thread at a time may use it.
/// </summary>
public sealed class ByteBucket
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

    /// <param name="bytesPerSecond">The rate, at least 1.</param>
    /// <param name="time">The clock that refills the bucket.</param>
    public ByteBucket(int bytesPerSecond, TimeProvider time)
    {
        _time = time;
        _rate = bytesPerSecond;
        _capacity = Math.Max(1, bytesPerSecond * CapacitySeconds);
        _quantum = Math.Clamp(bytesPerSecond * QuantumSeconds, 1, MaxQuantum);
        // A new stream may send a request or its answer at once, but not the burst of a stream that was quiet.
        _tokens = Math.Min(_capacity, InitialQuanta * _quantum);
        _refilled = time.GetTimestamp();
    }

    /// <summary>
    /// How many bytes may pass now, at most <paramref name="wanted"/>. 0 below a quantum, or a busy stream would move byte by byte.
    /// </summary>
    public int Available(int wanted)
    {
        var now = _time.GetTimestamp();
        _tokens = Math.Min(_capacity, _tokens + (_time.GetElapsedTime(_refilled, now).TotalSeconds * _rate));
        _refilled = now;
        return _tokens < _quantum ? 0 : (int)Math.Min(_tokens, wanted);
    }

    /// <summary>
    /// Takes a datagram, which can't pass in parts: it passes when any tokens are there, and the next ones wait until its debt is paid.
    /// </summary>
    /// <returns>False when it does not pass.</returns>
    public bool TryTakeWhole(int bytes)
    {
        if (Available(1) == 0)
            return false;
        _tokens -= bytes;
        return true;
    }

    /// <summary>Takes tokens for bytes that have passed; at most as many as were available.</summary>
    public void Take(int bytes) => _tokens -= bytes;
}
