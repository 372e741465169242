using System.Net;
using System.Text.Json;
using Tunnel.FunctionalTests.Harness;
using Tunnel.FunctionalTests.Programs;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests;

/// <summary>iperf3 through the tunnel.</summary>
[Collection(HeavyTests.Name)]
public sealed class ThroughputTests
{
    [Fact]
    public async Task Iperf_runs_both_ways_and_with_eight_streams()
    {
        await using var setup = await TunnelSetup.StartAsync(policies: TunnelSetup.WithoutHeader);
        await using var server = ManagedProcess.Start(
            "iperf3", DebianProgram.Iperf, ["-s", "-B", setup.TargetAddress.ToString(), "-p", $"{setup.Tcp[0]}"]);
        await Listening.WaitAsync(new IPEndPoint(setup.TargetAddress, setup.Tcp[0]), server);

        foreach (var options in new string[][] { [], ["-R"], ["-P", "8"], ["-P", "8", "-R"] })
        {
            var bytes = await IperfAsync(setup, options);

            // The bound is a tenth of what a slow machine does in this second; the figures themselves are the load benchmark's business.
            Assert.True(bytes > 5_000_000, $"iperf3 {string.Join(' ', options)} moved {bytes} bytes only.");
        }
    }

    private static async Task<long> IperfAsync(TunnelSetup setup, string[] options)
    {
        // The server may still be busy with the end of the last test.
        var result = await Eventually.GetAsync(
            async () =>
            {
                var run = await ManagedProcess.RunAsync(
                    DebianProgram.Iperf, ["-c", setup.EdgeAddress.ToString(), "-p", $"{setup.Tcp[0]}", "-t", "1", "-J", .. options]);
                return run.StandardOutput.Contains("the server is busy", StringComparison.Ordinal) ? null : run;
            },
            "iperf3's server");
        using var report = JsonDocument.Parse(result.Succeeded().StandardOutput);
        Assert.False(report.RootElement.TryGetProperty("error", out var error), error.ToString());
        return report.RootElement.GetProperty("end").GetProperty("sum_received").GetProperty("bytes").GetInt64();
    }
}
