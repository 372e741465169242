using System.Net;
using System.Net.Sockets;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Hub.Edges.Live;
using Tunnel.Hub.Events;
using Tunnel.Shared.Guarding;
using Tunnel.Shared.Transport;
using Tunnel.Shared.Transport.Proxies;

namespace Tunnel.Hub.Accepting;

/// <summary>
/// Dials one edge: while it has no tunnel with a connection, and as often as it asks. What becomes of a connection (a tunnel, a lane, or
/// the next connection of a tunnel that was lost) is what the edge says on it. Between tries it waits with full jitter from 0.5 to 30 s,
/// and at most 2 s while clients of a lost tunnel wait too; the name is resolved anew for each, and all its addresses are tried in turn.
/// An edge that is given another address while it has a tunnel is sent there as soon as somebody there knows the hub by its pin.
/// </summary>
/// <param name="id">The edge.</param>
/// <param name="target">The address at which it is dialled.</param>
/// <param name="needs">Knows which connections it has.</param>
/// <param name="ways">The parts that all loops have in common.</param>
/// <param name="isMoving">Whether the tunnels that there may be were made at another address.</param>
internal sealed class DialLoop(string id, DialTarget target, DialNeeds needs, DialWays ways, bool isMoving = false)
{
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(10);

    // While a path is cut the kernel asks less and less often, and a new try gets through sooner.
    private static readonly TimeSpan LostTimeout = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan LongestPauseOfLost = TimeSpan.FromSeconds(2);

    // Of several addresses each has its share of the time, but not less than a slow path needs.
    private static readonly TimeSpan LeastShare = TimeSpan.FromSeconds(2);

    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _signal = new(0, 1);
    private readonly Backoff _backoff = new(Random.Shared.NextDouble);
    private Task _extra = Task.CompletedTask;
    private bool _isFirstDial = true;
    private volatile bool _isMoving = isMoving;
    private volatile string? _fault;
    private int _wanted;
    private long? _connectedAt;
    private long _made;
    private long _failed;

    /// <summary>The address at which the edge is dialled.</summary>
    public DialTarget Target => target;

    /// <summary>The state of the dialling.</summary>
    public DialStatus Status => new(
        IsMine ? _fault : null, ways.Proxies.HopTo(target.Host, target.Port)?.Server.ToString(),
        IsMine ? null : ways.Leases!.OtherHolder(id));

    /// <summary>How often it was dialled.</summary>
    public DialCount Count => new(id, Volatile.Read(ref _made), Volatile.Read(ref _failed));

    // Among hubs that share their state only one dials, since an edge has one tunnel.
    private bool IsMine => ways.Leases?.IsHeld(id) ?? true;

    // A hub that lost the database keeps its tunnel, and the edge does not take another one then.
    private string NoHandshake => "is this edge there, with this edge's token?"
        + (ways.Leases is null ? "" : " Or has another hub its tunnel, one that can't reach the database?");

    /// <summary>Ends the dialling; tunnels stay.</summary>
    public void Stop() => _stop.Cancel();

    /// <summary>Notes that the edge may lack a connection, or asks for some. Not called by two threads at once.</summary>
    public void OnNeeds(int wanted)
    {
        if (wanted > 0)
            Volatile.Write(ref _wanted, wanted);
        if (_signal.CurrentCount == 0)
            _signal.Release();
    }

    /// <summary>Dials until it is stopped.</summary>
    public async Task RunAsync()
    {
        try
        {
            while (true)
            {
                var state = needs.StateOf(id);
                if (state == DialState.Connected && _isMoving && IsMine)
                {
                    await Task.Delay(await DialAsync(state), ways.Time, _stop.Token);
                }
                else if (state == DialState.Connected)
                {
                    (_isFirstDial, _fault) = (true, null);
                    MakeWanted();
                    await _signal.WaitAsync(_stop.Token);
                }
                else if (!IsMine)
                {
                    _isFirstDial = true;
                    await _signal.WaitAsync(_stop.Token);
                }
                else if (_isFirstDial)
                {
                    // Other edges may have been lost at the same moment; later dials are spread by the backoff.
                    _isFirstDial = false;
                    await ways.Pace.TurnAsync(_stop.Token);
                }
                else
                {
                    await Task.Delay(await DialAsync(state), ways.Time, _stop.Token);
                }
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
        }
    }

    // Connections that are asked for meanwhile are asked for again.
    private void MakeWanted()
    {
        var wanted = Interlocked.Exchange(ref _wanted, 0);
        if (wanted > 0 && _extra.IsCompleted)
            _extra = Task.WhenAll(Enumerable.Range(0, wanted).Select(_ => TryWantedAsync()));
    }

    private async Task TryWantedAsync()
    {
        try
        {
            await TryAsync(LostTimeout);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
        }
        catch (Exception e)
        {
            // The edge asks again, and must not be without lanes for good because of a defect here.
            Defects.Note("dialling an edge", e);
        }
    }

    /// <summary>Makes one connection for an edge that has none.</summary>
    /// <returns>How long to wait before the next look.</returns>
    private async Task<TimeSpan> DialAsync(DialState state)
    {
        if (_connectedAt is { } connected)
            _backoff.OnTunnelEnded(ways.Time.GetElapsedTime(connected));
        _connectedAt = null;
        var fault = await TryGuardedAsync(state == DialState.Lost ? LostTimeout : ConnectTimeout);

        // Another hub may have a way to the edge, but none can go on with a tunnel that is only lost.
        if (state == DialState.Nothing)
            ways.Leases?.Note(id, isFailing: fault is not null);
        var delay = _backoff.Next(atMost: state == DialState.Lost ? LongestPauseOfLost : null);
        if (fault is null)
            (_connectedAt, _isMoving) = (ways.Time.GetTimestamp(), false);
        else
            NoteFailed(fault, delay);
        _fault = fault;
        return delay;
    }

    // A defect here is one more reason why a try fails: the edge must not be without its hub for good because of it.
    private async Task<string?> TryGuardedAsync(TimeSpan limit)
    {
        try
        {
            return await TryAsync(limit);
        }
        catch (Exception e) when (!(e is OperationCanceledException && _stop.IsCancellationRequested))
        {
            Defects.Note("dialling an edge", e);
            return e.Message;
        }
    }

    // Each reason is told once, and not for each try.
    private void NoteFailed(string fault, TimeSpan delay)
    {
        Interlocked.Increment(ref _failed);
        if (fault == _fault)
            return;
        AcceptingLog.DialFailed(ways.Logger, id, target, fault, delay.TotalSeconds);
        ways.Events.Post(new EdgeDialFailedEvent(id, target.ToString(), fault) { Time = ways.Time.GetUtcNow() });
    }

    /// <returns>Why there is no connection; null when there is one, on which the edge has said who it is.</returns>
    private async Task<string?> TryAsync(TimeSpan limit)
    {
        // A proxy resolves the edge's name itself.
        var hop = ways.Proxies.HopTo(target.Host, target.Port);
        var (host, port) = hop is null ? (target.Host, target.Port) : (hop.Server.Host, hop.Server.Port);
        var fault = "the name has no addresses";
        try
        {
            var addresses = IPAddress.TryParse(host, out var literal)
                ? (IPAddress[])[literal]
                : await LimitAsync(limit, token => ways.Resolve(host, token).WaitAsync(token));

            // An address that swallows what is sent to it must not take the time of the others.
            var share = limit / Math.Max(1, addresses.Length);
            foreach (var address in addresses)
            {
                fault = await TryAsync(new IPEndPoint(address, port), hop, share < LeastShare ? LeastShare : share);
                if (fault is null)
                    return null;
            }
        }
        catch (SocketException e)
        {
            fault = e.Message;
        }
        catch (OperationCanceledException) when (!_stop.IsCancellationRequested)
        {
            fault = $"{host}: the name was not resolved within {limit.TotalSeconds:0} s";
        }

        return fault;
    }

    private async Task<string?> TryAsync(IPEndPoint at, ProxyHop? hop, TimeSpan limit)
    {
        try
        {
            var (socket, refused) = await LimitAsync(limit, token => PeerConnector.ConnectAsync(at, hop, null, token));
            if (socket is null)
                return $"{at.Address}: {refused}";
            return await ServeAsync(socket)
                ? null
                : $"{at.Address} did not complete the handshake: {NoHandshake}";
        }
        catch (OperationCanceledException) when (!_stop.IsCancellationRequested)
        {
            return $"{at.Address}: no answer within {limit.TotalSeconds:0} s";
        }
    }

    private async Task<T> LimitAsync<T>(TimeSpan limit, Func<CancellationToken, Task<T>> call)
    {
        using var timeout = new CancellationTokenSource(limit, ways.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, _stop.Token);
        return await call(either.Token);
    }

    private async Task<bool> ServeAsync(Socket socket)
    {
        var isMade = await ways.Door.ServeDialledAsync(socket, id, Leave);
        if (isMade)
            Interlocked.Increment(ref _made);
        return isMade;
    }

    // An edge takes no connection while it has a tunnel, so it is sent away from that first.
    private void Leave()
    {
        if (!_isMoving || needs.StateOf(id) != DialState.Connected)
            return;
        _isMoving = false;
        AcceptingLog.EdgeMoves(ways.Logger, id, target);
        ways.SendAway(id);
    }
}
