using System.Diagnostics;
using System.Globalization;
using System.Net;

namespace Tunnel.Bench.Load.Wan;

/// <summary>
/// Two network namespaces with a wide-area link between them: clients and the edge in one, the hub and the targets in the other. Needs
/// root.
/// </summary>
internal sealed class WanLab : IDisposable
{
    private readonly ProcessGroup _processes = new();
    private Process? _link;

    /// <summary>The namespace of the clients and the edge.</summary>
    public string ClientSide { get; } = $"tb{Environment.ProcessId}a";

    /// <summary>The namespace of the hub and the targets.</summary>
    public string TargetSide { get; } = $"tb{Environment.ProcessId}b";

    public IPAddress TargetAddress { get; } = IPAddress.Parse("10.77.0.2");

    public int Iperf { get; } = 5201;

    public int Echo { get; } = 5202;

    public async Task StartAsync(Workplace place, WanProfile profile)
    {
        _link = Process.Start(new ProcessStartInfo(
            Path.Combine(place.Root, "tools/WanLink/bin/Release/net10.0/wanlink"),
            [
                "--ns", $"{ClientSide}:10.77.0.1/24", "--ns", $"{TargetSide}:{TargetAddress}/24", "--delay",
                $"{profile.RoundTripMilliseconds / 2}ms",
                "--rate", $"{profile.Megabits}mbit", "--queue", $"{profile.QueueMilliseconds}ms",
                "--loss", string.Create(CultureInfo.InvariantCulture, $"{profile.LossPercent}%"),
            ])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        if (await _link.StandardOutput.ReadLineAsync() != "ready")
            throw new InvalidOperationException("the link does not come up");
        Start(_processes, TargetSide, "iperf3", ["-s", "-p", $"{Iperf}"], place.File("wan-iperf.log"));
        var (echo, arguments) = EchoProgram.ServerAt(new IPEndPoint(IPAddress.Any, Echo));
        Start(_processes, TargetSide, echo, arguments, place.File("wan-echo.log"));
    }

    /// <summary>Starts a program in one of the namespaces.</summary>
    public static void Start(ProcessGroup processes, string side, string program, IEnumerable<string> arguments, string log) =>
        processes.Start("ip", ["netns", "exec", side, program, .. arguments], log);

    /// <summary>Runs a program on the clients' side to its end and returns what it printed.</summary>
    public Task<string> RunAsync(string program, params string[] arguments) =>
        Rows.Command.RunAsync("ip", ["netns", "exec", ClientSide, program, .. arguments]);

    public void Dispose()
    {
        _processes.Dispose();
        if (_link is null)
            return;

        // The program removes the namespaces when its input ends.
        _link.StandardInput.Close();
        _link.WaitForExit();
        _link.Dispose();
    }
}

/// <summary>A link between two namespaces.</summary>
internal sealed record WanProfile(int RoundTripMilliseconds, int Megabits, int QueueMilliseconds, double LossPercent)
{
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $"{RoundTripMilliseconds} ms, {Megabits} Mbit/s{(LossPercent > 0 ? $", {LossPercent} % loss" : "")}");
}
