using System.Net.Sockets;
using Tunnel.Bench.Load.Rows;

namespace Tunnel.Bench.Load.Hostile;

/// <summary>
/// Measures a healthy echo of one edge alone, beside a flood, and beside as much processor time spent on nothing, in turn: the last figure
/// tells the machine's part from the victim's.
/// </summary>
/// <param name="rounds">How many times the three are measured in turn.</param>
/// <param name="seconds">How many seconds each of them takes.</param>
/// <param name="rate">How many times a second the flood is done at most.</param>
/// <param name="settle">Seconds from the end of the flood until memory is looked at.</param>
internal sealed class HostileRun(int rounds, int seconds, double rate, int settle)
{
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(2);

    private const int AtMost = 60;

    private readonly TimeSpan _duration = TimeSpan.FromSeconds(seconds);

    /// <summary>Measures one flood, over one transport, with fresh processes.</summary>
    public async Task<HostileRow> MeasureAsync(string root, HostileFlood flood, string transport)
    {
        using var place = new Workplace(root);
        using var world = await HostileWorld.StartAsync(place, flood.Name, transport);
        using var burning = new ProcessGroup();
        using var apart = await world.OpenApartAsync();
        using var beside = await world.OpenBesideAsync();
        var row = new HostileRow(flood.Name, transport);
        var driver = await world.StartFloodAsync();
        FloodProcess[] burners = [await world.StartBurnAsync(burning), await world.StartBurnAsync(burning)];
        var paced = flood.RateOf(rate);

        // Neither a process's first code nor its first memory is to be measured.
        await EchoAsync(apart, beside, WarmUp);
        row.SetBefore(world);
        driver.Go(paced);
        await EchoAsync(apart, beside, WarmUp);
        await driver.StopAsync();
        await SettleAsync(world);
        for (var round = 0; round < rounds; round++)
        {
            var cpu = (world.CpuSeconds(), world.Hub.CpuSeconds());
            var alone = await EchoAsync(apart, beside, _duration);
            var quiet = (world.CpuSeconds() - cpu.Item1, world.Hub.CpuSeconds() - cpu.Item2);

            driver.Go(paced);
            await Task.Delay(flood.Lead);
            cpu = (world.CpuSeconds() + world.Flooding.CpuSeconds(), world.Hub.CpuSeconds());
            var flooded = await EchoAsync(apart, beside, _duration);
            var busy = (world.CpuSeconds() + world.Flooding.CpuSeconds() - cpu.Item1, world.Hub.CpuSeconds() - cpu.Item2);
            var (achieved, ends) = await driver.StopAsync();
            await SettleAsync(world);

            var cores = Math.Max(0, busy.Item1 - quiet.Item1) / seconds;
            foreach (var burner in burners)
                burner.Go(cores / burners.Length / Floods.BurnFlood.Seconds);
            var burnt = await EchoAsync(apart, beside, _duration);
            foreach (var burner in burners)
                await burner.StopAsync();
            row.Add(alone, flooded, burnt, achieved, ends, busy.Item2 / seconds, cores);
            Console.Error.WriteLine($"{flood.Name} over {transport}: {row.Last}");
        }

        row.SetPeak(world);
        await Task.Delay(TimeSpan.FromSeconds(settle));
        row.SetAfter(world, await EchoAsync(apart, beside, _duration));
        return row;
    }

    // This waits until hub and edges do next to nothing, since the next echo is not to be measured beside what a flood has left behind.
    private static async Task SettleAsync(HostileWorld world)
    {
        for (var (left, before) = (AtMost, double.NegativeInfinity); left > 0 && world.CpuSeconds() - before > 0.1; left--)
        {
            before = world.CpuSeconds();
            await Task.Delay(TimeSpan.FromSeconds(1));
        }
    }

    // Both are measured at once, each on a thread of its own.
    private static async Task<EchoFigures> EchoAsync(Socket apart, Socket beside, TimeSpan duration)
    {
        var first = Task.Factory.StartNew(() => Measure(apart, duration), TaskCreationOptions.LongRunning);
        var second = Task.Factory.StartNew(() => Measure(beside, duration), TaskCreationOptions.LongRunning);
        return new EchoFigures(await first, await second);
    }

    private static (double P50, double P99) Measure(Socket socket, TimeSpan duration)
    {
        try
        {
            return Echo.Measure(socket, duration);
        }
        catch (Exception e) when (e is SocketException or InvalidOperationException)
        {
            // The worst that a flood can do is to end a healthy connection, or to leave it without an answer for 30 s.
            return (double.PositiveInfinity, double.PositiveInfinity);
        }
    }
}
