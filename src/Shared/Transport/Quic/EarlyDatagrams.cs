namespace Tunnel.Shared.Transport.Quic;

/// <summary>
/// Datagrams that have overtaken the opening of their session, which comes on the control stream: held for a second, 16 a session, 1,024 sessions
/// (protocol.md section 6). Pure; not thread-safe.
/// </summary>
internal sealed class EarlyDatagrams
{
    public const int MaxSessions = 1_024;
    public const int MaxPerSession = 16;
    public const long HoldMilliseconds = 1_000;

    // So that 16 of the largest of 1,024 sessions don't cost a gigabyte.
    private const int MaxBytes = 4 << 20;

    private readonly Dictionary<uint, Held> _sessions = [];
    private int _bytes;

    /// <summary>Keeps one.</summary>
    /// <returns>False when there is no room for it.</returns>
    public bool TryHold(uint id, ReadOnlySpan<byte> payload, long now)
    {
        if (_bytes + payload.Length > MaxBytes) return false;
        if (!_sessions.TryGetValue(id, out var held))
        {
            if (_sessions.Count >= MaxSessions) return false;
            _sessions.Add(id, held = new Held(now, []));
        }

        if (held.Payloads.Count >= MaxPerSession) return false;
        held.Payloads.Add(payload.ToArray());
        _bytes += payload.Length;
        return true;
    }

    /// <summary>Takes what there is for a session, in the order in which it came.</summary>
    public List<byte[]>? Take(uint id)
    {
        if (!_sessions.Remove(id, out var held)) return null;
        _bytes -= held.Payloads.Sum(static payload => payload.Length);
        return held.Payloads;
    }

    /// <summary>Takes out the sessions whose opening did not come.</summary>
    /// <returns>Their ids, and how many datagrams were lost with them.</returns>
    public (List<uint> Ids, int Datagrams) TakeExpired(long now)
    {
        var ids = new List<uint>();
        var datagrams = 0;
        foreach (var (id, held) in _sessions)
        {
            if (now - held.Since < HoldMilliseconds) continue;
            ids.Add(id);
            datagrams += held.Payloads.Count;
        }

        foreach (var id in ids) Take(id);
        return (ids, datagrams);
    }

    public void Clear()
    {
        _sessions.Clear();
        _bytes = 0;
    }

    private sealed record Held(long Since, List<byte[]> Payloads);
}
