using System.Diagnostics;
using System.Globalization;
using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport;
using Tunnel.Shared.Transport.Tls;
using TransportContext = Tunnel.Shared.Transport.TransportContext;

namespace Tunnel.Bench.Load.Scale;

/// <summary>Runs many edges in this process, each with its own tunnel to one hub, to see what they cost it.</summary>
internal sealed class EdgeSwarm(IPEndPoint hub, string secret) : IEdgeTunnelHandler, IAsyncDisposable
{
    private const int DialsAtOnce = 32;
    private readonly TlsTunnelDialer _dialer = new(
        new TransportContext(new FlowControlOptions(), TimeProvider.System, NullLoggerFactory.Instance));
    private readonly List<ITunnel> _tunnels = [];
    private int _configs;

    /// <summary>The name of an edge by its number.</summary>
    public static string IdOf(int number) => string.Create(CultureInfo.InvariantCulture, $"swarm-{number:D4}");

    /// <summary>How many configurations were pushed to all of them so far.</summary>
    public int Configs => Volatile.Read(ref _configs);

    /// <summary>Connects edges 0 to <paramref name="count"/> - 1.</summary>
    public async Task<TimeSpan> ConnectAsync(int count)
    {
        var start = Stopwatch.GetTimestamp();
        await Parallel.ForEachAsync(
            Enumerable.Range(0, count), new ParallelOptions { MaxDegreeOfParallelism = DialsAtOnce }, async (number, cancellation) =>
        {
            var result = await _dialer.DialAsync(
                new DialRequest
                {
                    Address = hub,
                    HostName = "hub",
                    EdgeId = IdOf(number),
                    Secret = secret,
                    InsecureSkipVerify = true,
                    Hello = new Hello { Instance = Guid.NewGuid().ToString("N") },
                    Handler = this,
                },
                cancellation);
            if (result.Tunnel is not { } tunnel)
                throw new InvalidOperationException($"{IdOf(number)}: {result.Failure!.Message}");
            tunnel.Start();
            lock (_tunnels)
                _tunnels.Add(tunnel);
        });
        return Stopwatch.GetElapsedTime(start);
    }

    public void OnConfig(ITunnel tunnel, TunnelConfig config) => Interlocked.Increment(ref _configs);

    public void OnGoAway(ITunnel tunnel, GoAway goAway)
    {
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var tunnel in _tunnels)
            await tunnel.DisposeAsync();
    }
}
