using Tunnel.FunctionalTests.Harness;
using Tunnel.FunctionalTests.Harness.Network;

namespace Tunnel.FunctionalTests;

/// <summary>Thousands of idle connections outlive what carries them, and each of them goes on with what it said meanwhile.</summary>
[Collection(HeavyTests.Name)]
public sealed class ManyResumedTests
{
    // A process may keep 33 MiB of what it sends to one peer: a segment of 16 KiB for each would not fit.
    private const int Connections = 2_500;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);

    [Fact]
    public async Task All_go_on_when_a_connection_over_TLS_is_lost()
    {
        await using var setup = await TunnelSetup.StartAsync(
            policies: TunnelSetup.WithoutHeader, cuttable: true, edgeArguments: ["--transport", "tcpTls"]);
        using var upstream = setup.Listen(setup.Tcp[0]);
        var pairs = await OpenAsync(() => setup.OpenAsync(upstream, setup.Tcp[0]));

        setup.Link!.Down();
        await setup.Hub.Process.WaitForLineAsync("has lost its connection", Limit);
        await SayAsync(pairs);
        setup.Link.Restore();

        await HearAsync(pairs);
    }

    [Fact]
    public async Task All_go_on_over_TLS_when_UDP_is_blocked()
    {
        QuicRequired.Check();
        await using var tunnel = await WideAreaTunnel.StartAsync("quicWithFallback", ["--delay", "5ms"]);
        using var upstream = tunnel.Listen(tunnel.Tcp[0]);
        var pairs = await OpenAsync(() => tunnel.OpenAsync(upstream, tunnel.Tcp[0]));
        Assert.Equal("quic", (await tunnel.EdgeStatusAsync()).GetProperty("transport").GetString());

        await tunnel.Link.SetAsync("udp off");
        await SayAsync(pairs);
        await tunnel.Edge.WaitForTransportAsync("tcpTls", Limit);

        await HearAsync(pairs);
    }

    private static async Task<List<StreamPair>> OpenAsync(Func<Task<StreamPair>> openAsync)
    {
        List<StreamPair> pairs = [];
        while (pairs.Count < Connections)
            pairs.Add(await openAsync());
        return pairs;
    }

    private static async Task SayAsync(List<StreamPair> pairs)
    {
        foreach (var pair in pairs)
        {
            await pair.Client.SendAllAsync(new byte[] { 1 });
            await pair.Server.SendAllAsync(new byte[] { 2 });
        }
    }

    private static async Task HearAsync(List<StreamPair> pairs)
    {
        foreach (var pair in pairs)
        {
            Assert.Equal([1], await pair.Server.ReceiveExactlyAsync(1));
            Assert.Equal([2], await pair.Client.ReceiveExactlyAsync(1));
            pair.Dispose();
        }
    }
}
