using System.Globalization;
using Tunnel.Bench.Load.Peers;

namespace Tunnel.Bench.Load.Soak;

/// <summary>Looks every few seconds at what one process holds.</summary>
/// <param name="name">The name of the process.</param>
/// <param name="processes">The group that has only this process.</param>
/// <param name="admin">The process's API, for <c>/metrics</c>.</param>
internal sealed class Sampler(string name, ProcessGroup processes, HubAdmin admin)
{
    private static readonly (string Label, string Metric, double Unit)[] Metrics =
    [
        ("streams", "tunnel_streams_active", 1),
        ("UDP sessions", "tunnel_sessions_active", 1),
        ("tunnels", "tunnel_tunnels", 1),
        ("timers", "tunnel_timers_active", 1),
        ("managed heap MB", "tunnel_heap_used_bytes", 1e6),
    ];

    private readonly Dictionary<string, List<(double Hours, double Value)>> _samples = [];
    private IReadOnlyDictionary<string, int>? _descriptors;

    /// <summary>Returns the slope of each figure.</summary>
    public IEnumerable<(string Process, string Figure, Slope Slope)> Slopes() =>
        _samples.Select(entry => (name, entry.Key, Slope.Of(entry.Value)));

    /// <summary>Looks once and keeps the figures.</summary>
    public async Task SampleAsync(double hours)
    {
        foreach (var (label, value) in await LookAsync())
        {
            if (!_samples.TryGetValue(label, out var list))
                _samples[label] = list = [];
            list.Add((hours, value));
        }
    }

    /// <summary>Looks once and returns the figures.</summary>
    public async Task<IReadOnlyList<(string Label, double Value)>> LookAsync()
    {
        var text = await admin.GetAsync("/metrics");
        var told = Metrics.Select(metric => (metric.Label, Sum(text, metric.Metric) / metric.Unit));
        return
        [
            ("RSS MB", processes.ResidentBytes() / 1e6),
            ("descriptors", processes.Descriptors().Count(static kind => !IsLibrary(kind))),
            .. told,
        ];
    }

    /// <summary>Looks once and returns the figures in words.</summary>
    public async Task<string> DescribeAsync()
    {
        var figures = (await LookAsync()).Select(
            static pair => string.Create(CultureInfo.InvariantCulture, $"{pair.Label} {pair.Value:0.#}"));
        return $"{name}: {string.Join(", ", figures)}";
    }

    /// <summary>Counts the kinds of descriptors, and tells of which there are more or fewer than the time before.</summary>
    /// <returns>The difference in words; at the first time all kinds, with one for all libraries.</returns>
    public string DescribeDescriptors()
    {
        var now = processes.Descriptors().CountBy(static kind => kind).ToDictionary(StringComparer.Ordinal);
        var before = _descriptors;
        _descriptors = now;
        var words = before is null
            ? processes.Descriptors().CountBy(static kind => IsLibrary(kind) ? "libraries" : kind)
                .OrderByDescending(static entry => entry.Value).Select(static entry => $"{entry.Key} {entry.Value}")
            : now.Keys.Union(before.Keys)
                .Select(kind => (Kind: kind, Change: now.GetValueOrDefault(kind) - before.GetValueOrDefault(kind)))
                .Where(static entry => entry.Change != 0)
                .OrderByDescending(static entry => entry.Change)
                .Select(static entry => string.Create(CultureInfo.InvariantCulture, $"{entry.Kind} {entry.Change:+0;-0}"));
        return $"{name}: {string.Join(", ", words)}";
    }

    // The runtime keeps the files of all that it has loaded open, most of them twice. It may load more at any time, such as what reads
    // symbols once a write meets a TLS stream that was just closed: the runtime notes where that exception was made.
    private static bool IsLibrary(string kind) =>
        kind.EndsWith(".dll", StringComparison.Ordinal) || kind.EndsWith(".pdb", StringComparison.Ordinal);

    // The figure of a family is the sum of all its series.
    private static double Sum(string text, string metric) => text.Split('\n')
        .Where(line => line.StartsWith(metric + ' ', StringComparison.Ordinal) || line.StartsWith(metric + '{', StringComparison.Ordinal))
        .Sum(static line => double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));
}
