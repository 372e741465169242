using System.Globalization;
using System.Net;
using System.Text.Json;
using Tunnel.Bench.Load.Peers;
using Tunnel.Bench.Load.Rows;
using Tunnel.Shared.Transport.Quic;

namespace Tunnel.Bench.Load.Wan;

/// <summary>
/// The rows over a wide-area link: the direct way and this product, over TLS and over QUIC where its library is, in turn.
/// </summary>
/// <param name="lossPercent">The percentage of packets that the link loses.</param>
/// <param name="rowNames">Only rows whose name contains one of these; all when empty.</param>
/// <param name="seconds">How many seconds a row runs.</param>
/// <param name="results">Collects the figures.</param>
/// <param name="save">Is called when there are more figures.</param>
internal sealed class WanRun(double lossPercent, string[] rowNames, int seconds, Results results, Func<Task> save)
{
    /// <summary>The rows that are measured, in the table's order.</summary>
    public static string[] Peers { get; } = ["direct", "tunnel", "quic"];

    // The first seconds are left out, because slow start is not what is measured.
    private const int WarmUpSeconds = 5;

    private readonly WanProfile _profile = new(RoundTripMilliseconds: 50, Megabits: 100, QueueMilliseconds: 100, lossPercent);

    public async Task MeasureAsync(string root, int rounds, string[] peerNames)
    {
        for (var round = 0; round < rounds; round++)
        {
            foreach (var peer in Peers)
            {
                if (peerNames.Length > 0 && !peerNames.Contains(peer))
                    continue;
                if (peer == "quic" && !QuicLibrary.TryLoad(out var reason))
                {
                    Console.Error.WriteLine($"WAN: no quic: {reason}");
                    continue;
                }

                using var place = new Workplace(root);
                using var lab = new WanLab();
                await lab.StartAsync(place, _profile);
                using var tunnel = new ProcessGroup();
                var address = peer == "direct" ? lab.TargetAddress : IPAddress.Loopback;
                if (peer != "direct")
                    await StartTunnelAsync(place, lab, tunnel, peer == "quic" ? "quic" : "tcpTls");
                await RunRowsAsync(lab, address, peer);
                await save();
                Console.Error.WriteLine($"WAN: {peer} done");
            }
        }
    }

    private static async Task StartTunnelAsync(Workplace place, WanLab lab, ProcessGroup processes, string transport) =>
        await TunnelPair.StartAsync(place, new TunnelPair.Placement
        {
            HubAddress = lab.TargetAddress,
            HubPort = 8443,
            EdgeAddress = IPAddress.Loopback,
            Transport = transport,
            Start = (isHub, program, arguments, log) =>
                WanLab.Start(processes, isHub ? lab.TargetSide : lab.ClientSide, program, arguments, log),
        }, [lab.Iperf, lab.Echo], []);

    private async Task RunRowsAsync(WanLab lab, IPAddress address, string peer)
    {
        void Add(string row, string label, double value) => results.Add($"WAN {_profile}: {row}", peer, new Figure(label, value));

        if (IsWanted("echo, idle"))
        {
            var (idle, idleTail) = await EchoAsync(lab, address, 0, seconds);
            Add("echo, idle", "p50 ms", idle);
            Add("echo, idle", "p99 ms", idleTail);
        }

        foreach (var down in new[] { false, true })
        {
            var row = down ? "1 stream down" : "1 stream up";
            if (IsWanted(row))
                Add(row, "Mbit/s", (await TransferAsync(lab, address, 1, down)).Sum() / seconds / 1e6);
            row = down ? "echo beside 1 download" : "echo beside 1 upload";
            if (IsWanted(row))
                await EchoBesideAsync(row, down, isFirst: false);
            row = down ? "echo from before, beside 1 download" : "echo from before, beside 1 upload";
            if (IsWanted(row))
                await EchoBesideAsync(row, down, isFirst: true);
        }

        foreach (var streams in new[] { 2, 20, 50 })
        {
            var row = $"{streams} streams down";
            if (!IsWanted(row))
                continue;
            var shares = await TransferAsync(lab, address, streams, down: true, twice: true);
            Add(row, "Mbit/s", shares.Sum() / (2 * seconds) / 1e6);
            Add(row, "furthest from an equal share, %", shares.Max(share => Math.Abs((share / shares.Average()) - 1)) * 100);
        }

        // The echo's connection is made when the bulk has warmed up, or before the bulk begins.
        async Task EchoBesideAsync(string row, bool down, bool isFirst)
        {
            var echo = isFirst ? EchoAsync(lab, address, WarmUpSeconds + 1, seconds - 1) : null;
            if (isFirst)
                await Task.Delay(TimeSpan.FromSeconds(1));
            var elephant = TransferAsync(lab, address, 1, down);
            if (!isFirst)
                await Task.Delay(TimeSpan.FromSeconds(WarmUpSeconds));
            var (p50, p99) = await (echo ?? EchoAsync(lab, address, 0, seconds - 1));
            Add(row, "p50 ms", p50);
            Add(row, "p99 ms", p99);
            Add(row, "Mbit/s", (await elephant).Sum() / seconds / 1e6);
        }
    }

    private bool IsWanted(string row) => rowNames.Length == 0 || rowNames.Any(row.Contains);

    private static async Task<(double P50, double P99)> EchoAsync(WanLab lab, IPAddress address, int delay, int seconds)
    {
        var words =
            (await lab.RunAsync(Environment.ProcessPath!, "echo-client", $"{address}", $"{lab.Echo}", $"{delay}", $"{seconds}")).Split(' ');
        return (double.Parse(words[0], CultureInfo.InvariantCulture), double.Parse(words[1], CultureInfo.InvariantCulture));
    }

    // Returns how many bits of each stream have arrived.
    private async Task<double[]> TransferAsync(WanLab lab, IPAddress address, int streams, bool down, bool twice = false)
    {
        List<string> arguments = [
            "-J", "-c", $"{address}", "-p", $"{lab.Iperf}", "-t", $"{(twice ? 2 : 1) * seconds}", "-O", $"{WarmUpSeconds}", "-P",
            $"{streams}"];
        if (down)
            arguments.Add("-R");
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                using var json = JsonDocument.Parse(await lab.RunAsync("iperf3", [.. arguments]));
                if (json.RootElement.TryGetProperty("error", out var error))
                    throw new InvalidOperationException($"iperf3: {error.GetString()}");
                return [
                    .. json.RootElement.GetProperty("end").GetProperty("streams").EnumerateArray().Select(
                        static stream => stream.GetProperty("receiver").GetProperty("bytes").GetDouble() * 8)];
            }
            catch (InvalidOperationException) when (attempt < 5)
            {
                // The server opens its listener anew after each test, and over this link the last one takes a while to end.
                await Task.Delay(1000);
            }
        }
    }
}
