using System.Buffers.Binary;

namespace Tunnel.Shared.Transport;

/// <summary>
/// Tracks whether the peer is alive (protocol.md section 3): the hub sends a PING every 15 s, and either side gives up when it hears
/// nothing for 45 s. The timestamp that the PONG brings back measures the round trip. It does no I/O; the tunnel's lock guards it.
/// </summary>
internal sealed class Liveness(long now)
{
    public const long PingMilliseconds = 15_000;
    public const long DeadMilliseconds = 45_000;

    private long _lastReceived = now;
    private long _lastPing = now - PingMilliseconds;
    private long? _pingSent;
    private List<TaskCompletionSource>? _probes;

    /// <summary>True when nothing has come for over 45 s.</summary>
    public bool IsDead(long now) => now - Volatile.Read(ref _lastReceived) > DeadMilliseconds;

    /// <summary>True when a PING is due.</summary>
    public bool IsPingDue(long now) => now - _lastPing >= PingMilliseconds;

    public void OnReceived(long now) => Volatile.Write(ref _lastReceived, now);

    /// <summary>Notes that a PING is sent now and returns its payload: empty for a base peer, else the timestamp.</summary>
    public byte[] MakePing(long now, long timestamp, bool empty)
    {
        _lastPing = now;
        _pingSent = timestamp;
        if (empty)
            return [];
        var payload = new byte[8];
        BinaryPrimitives.WriteInt64BigEndian(payload, timestamp);
        return payload;
    }

    /// <summary>Handles a PONG.</summary>
    /// <returns>The timestamp of its PING when it answers the last one, else null.</returns>
    public long? OnPong(ReadOnlySpan<byte> payload)
    {
        foreach (var probe in _probes ?? [])
            probe.TrySetResult();
        _probes = null;
        if (payload.Length != 8 || BinaryPrimitives.ReadInt64BigEndian(payload) != _pingSent)
            return null;

        // Each PING is used once: a second PONG to it, or a PONG before any PING, measures nothing.
        (var sent, _pingSent) = (_pingSent, null);
        return sent;
    }

    /// <summary>Completes with the next PONG.</summary>
    public Task WaitForPong()
    {
        var probe = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        (_probes ??= []).Add(probe);
        return probe.Task;
    }
}
