using Tunnel.Shared.Transport.Buffers;

namespace Tunnel.Shared.Transport.Quic.Sessions;

/// <summary>
/// Datagrams that have overtaken the opening of their session, which comes on the control stream: they are held for a second, at most 16
/// per session, for at most 1,024 sessions (protocol.md section 6). Not thread-safe.
/// </summary>
/// <param name="memory">The memory that all waiting datagrams share.</param>
internal sealed class EarlyDatagrams(DatagramMemory memory)
{
    public const int MaxSessions = 1_024;
    public const int MaxPerSession = HeldDatagrams.MaxCount;
    public const long HoldMilliseconds = 1_000;

    // Keeps one tunnel from using up the memory of all.
    private const int MaxBytes = 4 << 20;

    private readonly DatagramMemory _memory = memory.Part(MaxBytes);
    private readonly Dictionary<uint, Early> _sessions = [];

    /// <summary>Keeps a datagram.</summary>
    /// <returns>False when there is no room for it.</returns>
    public bool TryHold(uint id, ReadOnlySpan<byte> payload, long now)
    {
        if (_sessions.TryGetValue(id, out var early))
            return early.Datagrams.TryHold(payload, now);
        early = new Early(now, new HeldDatagrams(_memory, HoldMilliseconds));
        if (_sessions.Count >= MaxSessions || !early.Datagrams.TryHold(payload, now))
            return false;
        _sessions.Add(id, early);
        return true;
    }

    /// <summary>Removes and returns what is held for a session; null when there is nothing.</summary>
    public HeldDatagrams? Take(uint id) => _sessions.Remove(id, out var early) ? early.Datagrams : null;

    /// <summary>Drops what is held for a session.</summary>
    /// <returns>The number of dropped datagrams.</returns>
    public int Drop(uint id) => Take(id)?.DropAll() ?? 0;

    /// <summary>Drops the datagrams of sessions whose opening did not come in time.</summary>
    /// <returns>The ids of these sessions, and how many datagrams were dropped.</returns>
    public (List<uint> Ids, int Datagrams) TakeExpired(long now)
    {
        var ids = new List<uint>();
        foreach (var (id, early) in _sessions)
        {
            if (now - early.Since >= HoldMilliseconds)
                ids.Add(id);
        }

        return (ids, ids.Sum(Drop));
    }

    /// <summary>Drops all datagrams.</summary>
    /// <returns>The number of dropped datagrams.</returns>
    public int Clear()
    {
        var dropped = _sessions.Values.Sum(static early => early.Datagrams.DropAll());
        _sessions.Clear();
        return dropped;
    }

    private readonly record struct Early(long Since, HeldDatagrams Datagrams);
}
