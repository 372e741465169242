using System.Text.Json;
using Tunnel.Bench.Load.Peers;

namespace Tunnel.Bench.Load.Rows;

/// <summary>Sends as many bytes as it can, by iperf3.</summary>
internal sealed class Bulk(string name, int streams, bool down) : IRow
{
    public string Name => name;

    public async Task<IReadOnlyList<Figure>> RunAsync(IPeer peer, Targets targets, int seconds)
    {
        var before = peer.Processes?.CpuSeconds() ?? 0;
        var bytes = await TransferAsync(peer, targets.Iperf, streams, down, seconds);
        var figures = new List<Figure> { new("Gbit/s", bytes * 8 / seconds / 1e9) };
        if (peer.Processes is { } processes)
            figures.Add(new("CPU s/GB", (processes.CpuSeconds() - before) / (bytes / 1e9)));
        return figures;
    }

    /// <summary>Transfers for some seconds.</summary>
    /// <returns>Bytes that arrived.</returns>
    public static async Task<double> TransferAsync(IPeer peer, int port, int streams, bool down, int seconds)
    {
        List<string> arguments = ["-J", "-c", $"{peer.Address}", "-p", $"{peer.PortOf(port)}", "-t", $"{seconds}", "-P", $"{streams}"];
        if (down)
            arguments.Add("-R");
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                using var json = JsonDocument.Parse(await Command.RunAsync("iperf3", [.. arguments]));
                if (json.RootElement.TryGetProperty("error", out var error))
                    throw new InvalidOperationException($"iperf3: {error.GetString()}");
                return json.RootElement.GetProperty("end").GetProperty("sum_received").GetProperty("bytes").GetDouble();
            }
            catch (InvalidOperationException) when (attempt < 5)
            {
                // The server opens its listener anew after each test, and resets the clients that were waiting there.
                await Task.Delay(300);
            }
        }
    }
}
