using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Tunnel.Hub.Edges.Allowed;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Hub.Edges.State;
using Tunnel.Shared.Guarding;
using Tunnel.Shared.Transport;
using Tunnel.Shared.Transport.Proxies;

namespace Tunnel.Hub.Accepting;

/// <summary>
/// Dials the edges that await their hub (dial: hub), each in a loop of its own: with full jitter from 0.5 to 30 s between tries, the name
/// resolved anew for each, and all its addresses in turn.
/// </summary>
internal sealed class EdgeDialer : IDisposable
{
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(10);

    private readonly EdgeStore _edges;
    private readonly FrontDoor _door;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, (DialTarget Target, CancellationTokenSource Stop)> _loops = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, string> _faults = new(StringComparer.Ordinal);
    private bool _isStopped;

    public EdgeDialer(EdgeStore edges, FrontDoor door, TimeProvider time, ILogger logger) =>
        (_edges, _door, _time, _logger) = (edges, door, time, logger);

    /// <summary>Starts to dial.</summary>
    public void Start()
    {
        _edges.Changed += OnChanged;
        foreach (var id in _edges.Current.Keys)
            Apply(id);
    }

    /// <summary>Why the last try to dial an edge failed; null when it did not, or while there is a tunnel.</summary>
    public string? FaultOf(string edgeId) => _faults.GetValueOrDefault(edgeId);

    /// <summary>Ends all dialling; tunnels stay.</summary>
    public void Dispose()
    {
        _edges.Changed -= OnChanged;
        lock (_lock)
        {
            _isStopped = true;
            foreach (var loop in _loops.Values)
                loop.Stop.Cancel();
            _loops.Clear();
        }
    }

    private void OnChanged(EdgeSetChange change)
    {
        foreach (var id in change.Added.Concat(change.Updated).Concat(change.Removed))
            Apply(id);
    }

    private void Apply(string id)
    {
        lock (_lock)
        {
            var target = _edges.Find(id) is { Enabled: true } edge ? edge.DialTarget : null;
            if (_isStopped || (_loops.TryGetValue(id, out var loop) && loop.Target == target))
                return;
            if (_loops.Remove(id, out loop))
            {
                loop.Stop.Cancel();
                _faults.TryRemove(id, out _);
            }

            if (target is null)
                return;
            var stop = new CancellationTokenSource();
            _loops.Add(id, (target, stop));
            DialAsync(id, target, stop.Token).Guard("dialling an edge");
        }
    }

    private async Task DialAsync(string id, DialTarget target, CancellationToken cancellationToken)
    {
        var backoff = new Backoff(Random.Shared.NextDouble);
        try
        {
            while (true)
            {
                var (tunnel, fault) = await TryAsync(id, target, cancellationToken);
                if (tunnel is not null)
                {
                    _faults.TryRemove(id, out _);
                    var start = _time.GetTimestamp();
                    await tunnel.Completion.WaitAsync(cancellationToken);
                    backoff.OnTunnelEnded(_time.GetElapsedTime(start));
                }

                var delay = backoff.Next();
                if (fault is not null && _faults.GetValueOrDefault(id) != fault)
                {
                    _faults[id] = fault;
                    AcceptingLog.DialFailed(_logger, id, target, fault, delay.TotalSeconds);
                }

                await Task.Delay(delay, _time, cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
        }
    }

    private async Task<(ITunnel? Tunnel, string? Fault)> TryAsync(string id, DialTarget target, CancellationToken cancellationToken)
    {
        var fault = "the name has no addresses";
        try
        {
            using var timeout = new CancellationTokenSource(ConnectTimeout, _time);
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
            var addresses = IPAddress.TryParse(target.Host, out var literal)
                ? (IPAddress[])[literal]
                : await Dns.GetHostAddressesAsync(target.Host, limit.Token).WaitAsync(limit.Token);
            foreach (var address in addresses)
            {
                var (socket, refused) =
                    await PeerConnector.ConnectAsync(new IPEndPoint(address, target.Port), null, null, limit.Token);
                if (socket is not null)
                    return await _door.ServeDialledAsync(socket, id) is { } tunnel
                        ? (tunnel, null)
                        : (null, $"{address} did not complete the handshake: is this edge there, with this edge's token?");
                fault = $"{address}: {refused}";
            }
        }
        catch (SocketException e)
        {
            fault = e.Message;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            fault = $"no answer within {ConnectTimeout.TotalSeconds:0} s";
        }

        return (null, fault);
    }
}
