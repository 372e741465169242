using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Edge;
using Tunnel.Edge.Configuration;
using Tunnel.Shared.Transport;
using Tunnel.Shared.Transport.Tls;
using TransportContext = Tunnel.Shared.Transport.TransportContext;

namespace Tunnel.Bench.Load.Scale;

/// <summary>Runs many whole edges in this process, which dial their hub as edges do, and notes each dial with its time.</summary>
internal sealed class EdgeStorm : ITunnelDialer, IAsyncDisposable
{
    private readonly TlsTunnelDialer _dialer = new(
        new TransportContext(new FlowControlOptions(), TimeProvider.System, NullLoggerFactory.Instance)
        {
            ResumeGrace = TransportContext.DefaultResumeGrace,
        });
    private readonly ConcurrentQueue<(long At, DialFailureKind? Failure)> _dials = new();
    private readonly TunnelEdge[] _edges;

    /// <summary>Makes the edges.</summary>
    public EdgeStorm(IPEndPoint hub, string secret, int count) => _edges =
    [
        .. Enumerable.Range(0, count).Select(number => new TunnelEdge(
            new TunnelEdgeOptions
            {
                HubHost = $"{hub.Address}",
                HubPort = hub.Port,
                EdgeId = EdgeSwarm.IdOf(number),
                Secret = secret,
                InsecureSkipVerify = true,
                BindAddress = IPAddress.Loopback,
                Firewall = FirewallMode.Off,
                Lanes = 1,
            },
            NullLoggerFactory.Instance, dialer: this)),
    ];

    public TransportKind Kind => TransportKind.TcpTls;

    /// <summary>How many edges are connected now.</summary>
    public int Connected => _edges.Count(static edge => edge.GetStatus().Connected);

    /// <summary>Returns the dials since <paramref name="since"/>, with the timestamp of each and why it failed.</summary>
    public IReadOnlyList<(long At, DialFailureKind? Failure)> DialsSince(long since) => [.. _dials.Where(dial => dial.At >= since)];

    /// <summary>Starts all of them, a few at a time, and waits until they are connected.</summary>
    public async Task StartAsync()
    {
        foreach (var some in _edges.Chunk(20))
        {
            foreach (var edge in some)
                await edge.StartAsync();
            await Task.Delay(100);
        }

        await WaitAsync(TimeSpan.FromMinutes(2));
    }

    /// <summary>Waits until all are connected.</summary>
    /// <returns>False when not all are connected within the limit.</returns>
    public async Task<bool> WaitAsync(TimeSpan limit)
    {
        var start = Stopwatch.GetTimestamp();
        while (Connected < _edges.Length)
        {
            if (Stopwatch.GetElapsedTime(start) > limit)
                return false;
            await Task.Delay(20);
        }

        return true;
    }

    public async Task<DialResult> DialAsync(DialRequest request, CancellationToken cancellationToken)
    {
        var at = Stopwatch.GetTimestamp();
        var result = await _dialer.DialAsync(request, cancellationToken);
        _dials.Enqueue((at, result.Failure?.Kind));
        return result;
    }

    public async ValueTask DisposeAsync() => await Task.WhenAll(_edges.Select(static edge => edge.DisposeAsync().AsTask()));
}
