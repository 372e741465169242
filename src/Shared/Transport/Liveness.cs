using System.Buffers.Binary;

namespace Tunnel.Shared.Transport;

/// <summary>
/// Whether the peer is there (protocol.md section 3): the hub asks every 15 s, and who hears nothing for 45 s gives up. Measures the round
/// trip by what the PONG brings back. Pure but for the tunnel's clock; guarded by the tunnel's lock.
/// </summary>
internal sealed class Liveness(long now)
{
    public const long PingMilliseconds = 15_000;
    public const long DeadMilliseconds = 45_000;

    private long _lastReceived = now;
    private long _lastPing = now - PingMilliseconds;
    private long? _pingSent;
    private List<TaskCompletionSource>? _probes;

    /// <summary>True when nothing came for too long.</summary>
    public bool IsDead(long now) => now - Volatile.Read(ref _lastReceived) > DeadMilliseconds;

    /// <summary>True when a PING is due.</summary>
    public bool IsPingDue(long now) => now - _lastPing >= PingMilliseconds;

    public void OnReceived(long now) => Volatile.Write(ref _lastReceived, now);

    /// <summary>The payload of a PING that is sent now: empty for a base peer, else the time.</summary>
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

    /// <summary>A PONG came.</summary>
    /// <returns>The timestamp of its PING when it answers the last one, else null.</returns>
    public long? OnPong(ReadOnlySpan<byte> payload)
    {
        foreach (var probe in _probes ?? [])
            probe.TrySetResult();
        _probes = null;
        if (payload.Length != 8 || BinaryPrimitives.ReadInt64BigEndian(payload) != _pingSent)
            return null;

        // Once: a second PONG to the same PING, or one before any, measures nothing.
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
