using System.Net;
using Tunnel.Hub.Forwarding.Shares;
using Tunnel.Shared.Protocol.Addresses;
using Tunnel.Shared.Transport.Buffers;

namespace Tunnel.Hub.Forwarding;

/// <summary>
/// The sessions that are open: as many as the hub's limit and its memory allow, shared out among edges, ports and clients, and found by
/// the flow that they are of. Thread-safe.
/// </summary>
internal sealed class OpenSessions(PortGate gate, MemoryBudget budget)
{
    // The measured cost of a session in all parts of the hub, and the divisor of the memory budget that all sessions may use.
    private const int SessionBytes = 2 << 10;
    private const int BudgetPart = 2;

    private readonly Lock _lock = new();
    private readonly SessionShares _shares = new();
    private readonly Dictionary<SessionFlow, ForwardedSession> _flows = [];

    public int Count
    {
        get
        {
            lock (_lock)
                return _shares.Count;
        }
    }

    /// <summary>Registers a session.</summary>
    /// <param name="session">The session.</param>
    /// <param name="client">Its client's address; null when not known.</param>
    /// <param name="evicted">The session that has to give way, since each takes memory and a descriptor, and TCP streams need some
    /// too. It is removed already.</param>
    /// <param name="older">The session of the same flow, if there is one.</param>
    /// <returns>False when there is no room, and no session that could give way.</returns>
    public bool TryEnter(ForwardedSession session, IPAddress? client, out ForwardedSession? evicted, out ForwardedSession? older)
    {
        (evicted, older) = (null, null);
        lock (_lock)
        {
            if (
                _shares.Count >= Math.Min(gate.Options.MaxSessions, budget.Limit / BudgetPart / SessionBytes)
                || !budget.TryTake(SessionBytes))
            {
                // Its part of the budget passes to the new session.
                evicted = (ForwardedSession?)_shares.Evict(session.Route.Port.EdgeId);
                if (evicted is null)
                    return false;
                RemoveFlow(evicted);
            }

            if (session.Flow is { } flow)
            {
                older = _flows.GetValueOrDefault(flow);
                _flows[flow] = session;
            }

            _shares.Add(session, session.Route.Port.EdgeId, session.Route.Port.Port, client is null ? 0 : AddressNumber.Of(client));
            return true;
        }
    }

    /// <summary>Removes a session.</summary>
    /// <returns>False when it was removed before.</returns>
    public bool Remove(ForwardedSession session)
    {
        lock (_lock)
        {
            RemoveFlow(session);
            if (!_shares.Remove(session))
                return false;
            budget.Return(SessionBytes);
            return true;
        }
    }

    /// <summary>Notes that a session's client has sent a datagram after an answer.</summary>
    public void NoteTwoWay(ForwardedSession session)
    {
        lock (_lock)
            _shares.NoteTwoWay(session);
    }

    /// <summary>Returns the sessions that are open now.</summary>
    public ForwardedSession[] Snapshot()
    {
        lock (_lock)
            return [.. _shares.All.Cast<ForwardedSession>()];
    }

    private void RemoveFlow(ForwardedSession session)
    {
        if (session.Flow is { } flow && _flows.GetValueOrDefault(flow) == session)
            _flows.Remove(flow);
    }
}
