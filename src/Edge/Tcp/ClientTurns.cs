using Microsoft.Extensions.Logging;
using Tunnel.Edge.Connecting;
using Tunnel.Edge.Refusing;
using Tunnel.Shared.Guarding;
using Tunnel.Shared.Sockets;
using Tunnel.Shared.Transport;

namespace Tunnel.Edge.Tcp;

/// <summary>
/// Holds the clients that can't have a stream at once: the tunnel has no room (<see cref="ITunnel.HasRoom"/>), or there is no tunnel that
/// takes any. They get their streams in turns: the ports take turns, and at each port the addresses. So a client that comes behind
/// thousands of somebody else's waits for one of them and not for all. Nothing is read from a client that waits.
/// </summary>
/// <param name="tunnels">Where streams are opened.</param>
/// <param name="hold">How many clients may wait for a tunnel, and how long.</param>
/// <param name="open">Opens a stream; returns false when the tunnel takes none now.</param>
/// <param name="refuse">Turns a client away; the reason is null for a client that is already gone.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">The log.</param>
internal sealed class ClientTurns(
    ITunnelSource tunnels, HoldLimits hold, Func<ITunnel, WaitingClient, bool> open, Action<WaitingClient, RefusalReason?> refuse,
    TimeProvider time, ILogger logger)
{
    /// <summary>
    /// How many clients may wait for room over all ports; each has a descriptor. Where several ports or addresses compete, each may have
    /// its part.
    /// </summary>
    public const int Most = 2_048;

    /// <summary>When the tunnel has had no room for this long, the clients no longer wait for it.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    // The wait is cut into short looks: a client may be gone meanwhile, or its time over, or another tunnel may be the newest.
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(250);

    private readonly Lock _lock = new();

    // The first has the waiting clients by port; the second says which port's turn it is, with one entry for each client.
    private readonly Dictionary<PortConnections, Turns<UInt128, WaitingClient>> _ports = [];
    private readonly Turns<PortConnections, PortConnections> _order = new();
    private volatile bool _pumping;
    private volatile bool _holding;
    private volatile bool _stopping;
    private int _next;

    /// <summary>The number of clients that wait, including the one that is next.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _order.Count + _next;
            }
        }
    }

    /// <summary>Opens a client's stream now or in its turn, or refuses it.</summary>
    public void Take(WaitingClient client)
    {
        var holds = _holding || tunnels.Usable is null;
        if (!_pumping)
        {
            var opened = TryOpen(client);
            if (opened == true)
                return;
            holds = opened == false;
        }

        if (!TryAdd(client, holds))
            Refuse(client);
    }

    /// <summary>From now on nobody is held for a tunnel: the edge stops, and there will be none.</summary>
    public void Stop() => _stopping = true;

    /// <returns>True when the stream was opened, false when no tunnel takes any, null when the tunnel has no room now.</returns>
    private bool? TryOpen(WaitingClient client)
    {
        if (tunnels.Usable is not { } tunnel)
            return false;
        if (open(tunnel, client))
            return true;
        // There may be room since a moment ago; if so and the second try fails, the tunnel takes none for another reason.
        return tunnel.HasRoom ? open(tunnel, client) : null;
    }

    private bool TryAdd(WaitingClient client, bool holds)
    {
        var port = client.Client.Port;
        var address = client.Client.Prefix;
        var most = holds ? hold.MostClients : Most;
        if (holds && (most == 0 || _stopping))
            return false;
        lock (_lock)
        {
            if (!_ports.TryGetValue(port, out var own))
                _ports.Add(port, own = new Turns<UInt128, WaitingClient>());

            // A client whose address has less than its part gets a place, though others have taken more while they were alone.
            var places = most - _next;
            var part = Math.Max(1, places / _ports.Count / Math.Max(1, own.Keys));
            if (_order.Count >= places && (own.CountOf(address) >= part || _order.Count >= 2 * places))
            {
                if (own.Count == 0)
                    _ports.Remove(port);
                return false;
            }

            Put(client);
            if (_pumping)
                return true;
            _pumping = true;
        }

        Task.Run(PumpAsync).Guard("opening streams in turn");
        return true;
    }

    private void Put(in WaitingClient client)
    {
        var port = client.Client.Port;
        if (!_ports.TryGetValue(port, out var own))
            _ports.Add(port, own = new Turns<UInt128, WaitingClient>());
        own.Add(client.Client.Prefix, client);
        _order.Add(port, port);
    }

    private bool TryTake(out WaitingClient client)
    {
        lock (_lock)
        {
            if (!_order.TryTake(out var port))
            {
                client = default;
                _next = 0;
                return _pumping = false;
            }

            _next = 1;

            var own = _ports[port];
            own.TryTake(out client);
            if (own.Count == 0)
                _ports.Remove(port);
            return true;
        }
    }

    private async Task PumpAsync()
    {
        long? blockedSince = null;
        while (TryTake(out var client))
        {
            try
            {
                blockedSince = await OpenAsync(client, blockedSince);
            }
            catch (Exception e)
            {
                // Nobody awaits this task, and all clients that wait behind this one would be forgotten.
                TcpLog.ClientFaulted(logger, client.Client.Address, client.Client.Port.Key, e);
                refuse(client, null);
            }
        }
    }

    /// <returns>Since when the tunnel has had no room; null when it has taken this client, or takes none.</returns>
    private async Task<long?> OpenAsync(WaitingClient client, long? blockedSince)
    {
        while (true)
        {
            if (client.Connection.IsAbandoned || client.Client.IsGone)
            {
                refuse(client, null);
                return blockedSince;
            }

            var changed = tunnels.Changed;
            var opened = TryOpen(client);
            _holding = opened == false;
            if (opened == true)
                return null;
            if (opened == false)
            {
                blockedSince = null;
                if (IsOver(client))
                {
                    Refuse(client);
                    return null;
                }

                RefuseThoseWhoseTimeIsOver();
                await changed.WaitAsync(Look, time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                continue;
            }

            blockedSince ??= time.GetTimestamp();
            if (time.GetElapsedTime(blockedSince.Value) >= Patience)
            {
                refuse(client, RefusalReason.TunnelTakesNone);
                return blockedSince;
            }

            if (tunnels.Usable is { } tunnel)
                await tunnel.WaitForRoomAsync().WaitAsync(Look, time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private bool IsOver(WaitingClient client) => _stopping || time.GetElapsedTime(client.Since) >= hold.Time;

    private void Refuse(WaitingClient client) =>
        refuse(client, tunnels.Usable is null ? RefusalReason.NoTunnel : RefusalReason.TunnelTakesNone);

    // Clients that wait behind the one whose turn it is may have come earlier. Everybody is taken out before those that stay are put back:
    // so nobody is missed, and all keep their order. It happens a few times a second, and only while there is no tunnel.
    private void RefuseThoseWhoseTimeIsOver()
    {
        List<WaitingClient> over = [], stay = [];
        lock (_lock)
        {
            while (_order.TryTake(out var port))
            {
                _ports[port].TryTake(out var client);
                (client.Connection.IsAbandoned || IsOver(client) ? over : stay).Add(client);
            }

            _ports.Clear();
            foreach (var client in stay)
                Put(client);
        }

        foreach (var client in over)
        {
            if (client.Connection.IsAbandoned)
                refuse(client, null);
            else
                Refuse(client);
        }
    }
}
