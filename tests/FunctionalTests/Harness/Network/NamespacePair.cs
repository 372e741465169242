using System.Diagnostics;
using System.Net;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests.Harness.Network;

/// <summary>
/// Two network namespaces of this test with a wide-area link between them (tools/WanLink). Nothing of them is left afterwards: the link
/// ends with its standard input, so that it goes even when the test host is killed.
/// </summary>
public sealed class NamespacePair : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private static int _count;

    private readonly Process _link;

    private NamespacePair(Process link, NetworkEnd near, NetworkEnd far)
    {
        _link = link;
        Near = near;
        Far = far;
    }

    /// <summary>The reason why there can be none here, for <c>Assert.SkipWhen</c>; null when there can.</summary>
    public static string? Unavailable { get; } = !Environment.IsPrivilegedProcess ? "network namespaces need root"
        : !File.Exists("/dev/net/tun") ? "there is no /dev/net/tun"
        : null;

    /// <summary>The side of the clients and the edge, 10.1.0.1.</summary>
    public NetworkEnd Near { get; }

    /// <summary>The side of the hub, 10.1.0.2.</summary>
    public NetworkEnd Far { get; }

    /// <summary>Makes both and the link between.</summary>
    /// <param name="options">The options of the link, for example <c>--delay 25ms --loss 1%</c>.</param>
    public static async Task<NamespacePair> StartAsync(params string[] options)
    {
        var name = $"tunnel-test-{Environment.ProcessId}-{Interlocked.Increment(ref _count)}";
        var near = new NetworkEnd(name + "-near", IPAddress.Parse("10.1.0.1"));
        var far = new NetworkEnd(name + "-far", IPAddress.Parse("10.1.0.2"));
        var start = new ProcessStartInfo(
            Binaries.WanLink, ["--ns", $"{near.Name}:{near.Address}/24", "--ns", $"{far.Name}:{far.Address}/24", .. options])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        _ = DebianProgram.Ip;
        var pair = new NamespacePair(Process.Start(start)!, near, far);
        try
        {
            if (await pair.ReadLineAsync() == "ready")
                return pair;
            throw new InvalidOperationException(await pair._link.StandardError.ReadToEndAsync());
        }
        catch
        {
            await pair.DisposeAsync();
            throw;
        }
    }

    /// <summary>Changes a setting of both directions, for example <c>loss 5%</c>.</summary>
    public Task SetAsync(string setting) => CommandAsync(setting);

    /// <summary>Changes a setting of the packets that one end sends.</summary>
    public Task SetAsync(NetworkEnd sender, string setting) => CommandAsync($"{sender.Name} {setting}");

    /// <summary>Returns a count of the packets that an end sent: <c>packets</c>, <c>lost</c>, <c>queueFull</c>, <c>blocked</c>.</summary>
    public async Task<IReadOnlyDictionary<string, long>> CountersAsync(NetworkEnd sender)
    {
        await _link.StandardInput.WriteLineAsync("stats");
        string[] lines = [await ReadLineAsync(), await ReadLineAsync()];
        var words = lines.Single(line => line.StartsWith(sender.Name, StringComparison.Ordinal)).Split(' ')[2..];
        return words.Chunk(2).ToDictionary(pair => pair[0], pair => long.Parse(pair[1], System.Globalization.CultureInfo.InvariantCulture));
    }

    public async ValueTask DisposeAsync()
    {
        if (!_link.HasExited)
            _link.StandardInput.Close();
        using var cut = new CancellationTokenSource(Limit);
        try
        {
            await _link.WaitForExitAsync(cut.Token);
        }
        catch (OperationCanceledException)
        {
            _link.Kill();
        }

        _link.Dispose();
        foreach (var end in new[] { Near, Far }.Where(static end => end.Exists))
            await ManagedProcess.RunAsync(DebianProgram.Ip, ["netns", "del", end.Name]);
    }

    private async Task CommandAsync(string line)
    {
        await _link.StandardInput.WriteLineAsync(line);
        Assert.Equal("ok", await ReadLineAsync());
    }

    private async Task<string> ReadLineAsync() => await _link.StandardOutput.ReadLineAsync().WaitAsync(Limit) ?? "";
}
