using Microsoft.Extensions.Logging;
using Tunnel.Edge.Connecting;
using Tunnel.Edge.Refusing;
using Tunnel.Shared.Guarding;
using Tunnel.Shared.Sockets;
using Tunnel.Shared.Transport;

namespace Tunnel.Edge.Tcp;

/// <summary>
/// Holds the clients that came while the tunnel had no room for another stream (<see cref="ITunnel.HasRoom"/>). They get their streams in
/// turns: the ports take turns, and at each port the addresses. So a client that comes behind thousands of somebody else's waits for one of
/// them and not for all.
/// </summary>
/// <param name="tunnels">Where streams are opened.</param>
/// <param name="open">Opens a stream; returns false when the tunnel takes none now.</param>
/// <param name="refuse">Turns a client away; the reason is null for a client that is already gone.</param>
/// <param name="time">The clock for <see cref="Patience"/>.</param>
/// <param name="logger">The log.</param>
internal sealed class ClientTurns(
    ITunnelSource tunnels, Func<ITunnel, WaitingClient, bool> open, Action<WaitingClient, RefusalReason?> refuse, TimeProvider time,
    ILogger logger)
{
    /// <summary>
    /// How many clients may wait over all ports; each has a descriptor. Where several ports or addresses compete, each may have its part.
    /// </summary>
    public const int Most = 2_048;

    /// <summary>When the tunnel has taken nobody for this long, the clients no longer wait for it.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    // The wait is cut into short looks, because another tunnel may have taken the place of the one that is waited for.
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(250);

    private readonly Lock _lock = new();

    // The first has the waiting clients by port; the second says which port's turn it is, with one entry for each client.
    private readonly Dictionary<PortConnections, Turns<UInt128, WaitingClient>> _ports = [];
    private readonly Turns<PortConnections, PortConnections> _order = new();
    private volatile bool _pumping;
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
    public void Take(ITunnel tunnel, WaitingClient client)
    {
        if (!_pumping && TryOpen(tunnel, client) is { } opened)
        {
            if (!opened)
                refuse(client, RefusalReason.TunnelTakesNone);
        }
        else if (!TryAdd(client))
        {
            refuse(client, RefusalReason.TunnelTakesNone);
        }
    }

    /// <returns>
    /// True when the stream was opened, false when the tunnel takes none for another reason, null when it has no room now.
    /// </returns>
    private bool? TryOpen(ITunnel tunnel, WaitingClient client)
    {
        if (open(tunnel, client))
            return true;
        // There may be room since a moment ago; if so and the second try fails, the tunnel takes none for another reason.
        return tunnel.HasRoom ? open(tunnel, client) : null;
    }

    private bool TryAdd(WaitingClient client)
    {
        var port = client.Client.Port;
        var address = client.Client.Prefix;
        lock (_lock)
        {
            if (!_ports.TryGetValue(port, out var own))
                _ports.Add(port, own = new Turns<UInt128, WaitingClient>());

            // A client whose address has less than its part gets a place, though others have taken more while they were alone.
            var part = Math.Max(1, Most / _ports.Count / Math.Max(1, own.Keys));
            if (_order.Count >= Most && (own.CountOf(address) >= part || _order.Count >= 2 * Most))
                return false;
            own.Add(address, client);
            _order.Add(port, port);
            if (_pumping)
                return true;
            _pumping = true;
        }

        Task.Run(PumpAsync).Guard("opening streams in turn");
        return true;
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

    /// <returns>Since when the tunnel has taken nobody; null when it has taken this client, or there is no tunnel.</returns>
    private async Task<long?> OpenAsync(WaitingClient client, long? blockedSince)
    {
        while (true)
        {
            if (client.Connection.IsAbandoned || client.Client.IsGone)
            {
                refuse(client, null);
                return blockedSince;
            }

            if (tunnels.Current is not { } tunnel)
            {
                refuse(client, RefusalReason.NoTunnel);
                return null;
            }

            var opened = TryOpen(tunnel, client);
            if (opened == true)
                return null;
            blockedSince ??= time.GetTimestamp();
            if (opened == false || time.GetElapsedTime(blockedSince.Value) >= Patience)
            {
                refuse(client, RefusalReason.TunnelTakesNone);
                return blockedSince;
            }

            await tunnel.WaitForRoomAsync().WaitAsync(Look, time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
