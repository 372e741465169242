using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Tunnel.Bench.Load.Hostile;

/// <summary>The program that floods, seen from the one that measures.</summary>
internal sealed class FloodProcess
{
    private readonly Process _process;

    private FloodProcess(Process process) => _process = process;

    /// <summary>Starts the program, and returns when it has connected and waits.</summary>
    public static async Task<FloodProcess> StartAsync(ProcessGroup group, FloodOrder order, string log)
    {
        var process = group.StartTalking(Environment.ProcessPath!, ["flood", JsonSerializer.Serialize(order)], log);
        return await process.StandardOutput.ReadLineAsync() == "ready"
            ? new FloodProcess(process)
            : throw new InvalidOperationException($"{order.Kind}: {await File.ReadAllTextAsync(log)}");
    }

    /// <summary>Begins to flood, so many times a second.</summary>
    public void Go(double rate)
    {
        _process.StandardInput.WriteLine(string.Create(CultureInfo.InvariantCulture, $"go {rate}"));
        _process.StandardInput.Flush();
    }

    /// <summary>Pauses the flood.</summary>
    /// <returns>How many times a second the act was done since <see cref="Go"/>, and how often the victim has ended it since the
    /// start.</returns>
    public async Task<(double Rate, int Ends)> StopAsync()
    {
        await _process.StandardInput.WriteLineAsync("stop");
        await _process.StandardInput.FlushAsync();
        var line = await _process.StandardOutput.ReadLineAsync()
            ?? throw new InvalidOperationException("the program that floods has ended");
        var numbers = line.Split(' ').Select(static word => double.Parse(word, CultureInfo.InvariantCulture)).ToArray();
        return (numbers[0] / numbers[1], (int)numbers[2]);
    }
}
