using System.Globalization;
using System.Text.RegularExpressions;
using Tunnel.Bench.Load.Peers;

namespace Tunnel.Bench.Load.Rows;

/// <summary>Sends small HTTP requests to nginx, by wrk: with connections that are kept, or a new one for each.</summary>
internal sealed partial class Http(string name, int connections, bool keepAlive) : IRow
{
    public string Name => name;

    public async Task<IReadOnlyList<Figure>> RunAsync(IPeer peer, Targets targets, int seconds)
    {
        var before = peer.Processes?.CpuSeconds() ?? 0;
        List<string> arguments = [
            "-t", $"{Math.Min(2, connections)}", "-c", $"{connections}", "-d", $"{seconds}s", "--latency",
            $"http://{peer.Address}:{peer.PortOf(targets.Http)}/"];
        if (!keepAlive)
            arguments.AddRange(["-H", "Connection: close"]);
        var output = await Command.RunAsync("wrk", [.. arguments]);

        var requests = double.Parse(Requests().Match(output).Groups[1].Value, CultureInfo.InvariantCulture);
        var median = Median().Match(output);
        var milliseconds = double.Parse(median.Groups[1].Value, CultureInfo.InvariantCulture) * Scale(median.Groups[2].Value);
        if (connections == 1)
            return [new("p50 ms", milliseconds)];
        var figures = new List<Figure> { new(keepAlive ? "req/s" : "conn/s", requests / seconds) };
        if (peer.Processes is { } processes)
            figures.Add(new(keepAlive ? "CPU µs/req" : "CPU µs/conn", (processes.CpuSeconds() - before) * 1e6 / requests));
        return figures;
    }

    private static double Scale(string unit) => unit switch
    {
        "us" => 0.001,
        "ms" => 1,
        _ => 1000,
    };

    [GeneratedRegex(@"(\d+) requests in")]
    private static partial Regex Requests();

    [GeneratedRegex(@"50%\s+([\d.]+)(us|ms|s)")]
    private static partial Regex Median();
}
