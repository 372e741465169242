using System.Net.Sockets;
using System.Text.Json;
using Tunnel.FunctionalTests.Harness;
using Tunnel.FunctionalTests.Harness.Network;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests;

/// <summary>A path between edge and hub gets worse, is cut, or loses the hub without a word.</summary>
[Collection(HeavyTests.Name)]
public sealed class PathTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task A_download_over_quic_goes_on_when_the_path_becomes_narrower()
    {
        QuicRequired.Check();
        await using var tunnel = await WideAreaTunnel.StartAsync("quic", ["--delay", "10ms", "--rate", "20mbit"]);
        using var upstream = tunnel.Listen(tunnel.Tcp[0]);
        using var pair = await tunnel.OpenAsync(upstream, tunnel.Tcp[0]);
        var since = (await tunnel.EdgeStatusAsync()).GetProperty("since").GetDateTimeOffset();
        using var bulk = new Bulk(tunnel, pair.Server, pair.Client);
        // The delay is long enough for msquic to have found the path's full size.
        await bulk.WaitForAsync(4 << 20);

        await tunnel.Link.SetAsync("maxpacket 1280");

        // This is more than can be under way.
        await bulk.WaitForAsync(bulk.Received + (8 << 20));
        Assert.Equal(since, (await tunnel.EdgeStatusAsync()).GetProperty("since").GetDateTimeOffset());
    }

    [Theory]
    [InlineData("tcpTls", true)]
    [InlineData("tcpTls", false)]
    [InlineData("quic", false)]
    public async Task Where_large_packets_are_swallowed_new_clients_are_served_over_a_connection_with_small_ones(
        string transport, bool download)
    {
        QuicRequired.CheckFor(transport);
        await using var tunnel = await WideAreaTunnel.StartAsync(transport, ["--delay", "10ms", "--rate", "20mbit"]);
        using var upstream = tunnel.Listen(tunnel.Tcp[0]);
        using (var before = await tunnel.OpenAsync(upstream, tunnel.Tcp[0]))
        {
            using var stuck = new Bulk(tunnel, download ? before.Server : before.Client, download ? before.Client : before.Server);
            await stuck.WaitForAsync(4 << 20);
            await tunnel.Link.SetAsync("maxpacket 1280");

            await tunnel.Edge.Process.WaitForLineAsync("at most 1280 bytes", Limit);
        }

        // The line in the log comes a moment before clients are served by another tunnel, or by the same one over that connection.
        await Eventually.IsTrueAsync(
            () => tunnel.Edge.Process.Log is var log && (log.Split("Connected to the hub").Length == 3
                || log.Contains("goes on with", StringComparison.Ordinal)),
            "another connection", Limit, () => tunnel.Edge.Process.Log);

        using var after = await tunnel.OpenAsync(upstream, tunnel.Tcp[0]);
        using var bulk = new Bulk(tunnel, download ? after.Server : after.Client, download ? after.Client : after.Server);
        await bulk.WaitForAsync(4 << 20);
        Assert.Equal(1280, (await tunnel.EdgeStatusAsync()).GetProperty("maxPacket").GetInt32());
    }

    [Theory]
    [InlineData(1_500, "ok", "full size")]
    [InlineData(1_280, "warning", "1280 bytes come through")]
    [InlineData(600, "warning", "596 bytes come through")]
    public async Task The_doctor_tells_what_size_of_packets_comes_through(int path, string status, string detail)
    {
        await using var tunnel = await WideAreaTunnel.StartAsync("tcpTls", ["--delay", "10ms"]);
        await tunnel.Link.SetAsync($"maxpacket {path}");

        var (program, arguments) = tunnel.Link.Near.Command(
            Binaries.Edge, "doctor", "--json", "--token", tunnel.Token, "--transport", "tcpTls", "--bind-address", "127.0.0.1",
            "--admin-socket", tunnel.Edge.AdminSocket);
        var result = await ManagedProcess.RunAsync(program, arguments, limit: Limit);

        var check = JsonElement.Parse(result.StandardOutput).GetProperty("checks").EnumerateArray().Single(
            check => check.GetProperty("name").GetString() == "path");
        Assert.Equal(status, check.GetProperty("status").GetString());
        Assert.Contains(detail, check.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("tcpTls")]
    [InlineData("quic")]
    public async Task Streams_survive_a_cut_of_twenty_seconds(string transport)
    {
        QuicRequired.CheckFor(transport);
        await using var tunnel = await WideAreaTunnel.StartAsync(transport, ["--delay", "10ms", "--rate", "20mbit"]);
        using var upstream = tunnel.Listen(tunnel.Tcp[0]);
        using var quiet = await tunnel.OpenAsync(upstream, tunnel.Tcp[0]);
        using var pair = await tunnel.OpenAsync(upstream, tunnel.Tcp[0]);
        await quiet.AssertEchoAsync();
        using var bulk = new Bulk(tunnel, pair.Server, pair.Client);
        await bulk.WaitForAsync(2 << 20);

        await tunnel.Link.SetAsync("loss 100%");
        await Task.Delay(TimeSpan.FromSeconds(20));
        await tunnel.Link.SetAsync("loss 0%");

        await bulk.WaitForAsync(bulk.Received + (4 << 20));
        await quiet.AssertEchoAsync();
    }

    [Fact]
    public async Task Clients_are_served_soon_after_a_hub_that_was_killed_is_back_over_quic()
    {
        QuicRequired.Check();
        await using var tunnel = await WideAreaTunnel.StartAsync("quic", ["--delay", "5ms"]);
        using var upstream = tunnel.Listen(tunnel.Tcp[0]);
        using (var pair = await tunnel.OpenAsync(upstream, tunnel.Tcp[0]))
            await pair.AssertEchoAsync();

        var since = (await tunnel.EdgeStatusAsync()).GetProperty("since").GetDateTimeOffset();
        tunnel.Hub.Process.Signal(ManagedProcess.SigKill);
        await tunnel.Hub.Process.WaitForExitAsync(Limit);
        await tunnel.Hub.RestartAsync();

        // The edge learns it by the reset that the new hub sends, or by asking: silence of 45 s would take longer.
        await Eventually.IsTrueAsync(
            async () => await tunnel.EdgeStatusAsync() is var status && status.GetProperty("connected")
                .GetBoolean() && status.GetProperty("since").GetDateTimeOffset() > since,
            "another tunnel", TimeSpan.FromSeconds(25), () => tunnel.Edge.Process.Log);
        using var next = await tunnel.OpenAsync(upstream, tunnel.Tcp[0]);
        await next.AssertEchoAsync();
    }

    /// <summary>Sends without end from one socket to another, and counts what arrives.</summary>
    private sealed class Bulk : IDisposable
    {
        private readonly WideAreaTunnel _tunnel;
        private readonly Socket _from;
        private readonly Socket _to;
        private long _received;

        public Bulk(WideAreaTunnel tunnel, Socket from, Socket to)
        {
            (_tunnel, _from, _to) = (tunnel, from, to);
            _ = RunAsync(async () =>
            {
                var block = new byte[64 << 10];
                while (true)
                    await _from.SendAsync(block);
            });
            _ = RunAsync(async () =>
            {
                var buffer = new byte[256 << 10];
                while (await _to.ReceiveAsync(buffer) is > 0 and var count)
                    Interlocked.Add(ref _received, count);
            });
        }

        public long Received => Interlocked.Read(ref _received);

        public Task WaitForAsync(long bytes) => Eventually.IsTrueAsync(
            () => Task.FromResult(Received >= bytes), $"{bytes:N0} bytes", Limit,
            () => $"{Received:N0} came.\n{_tunnel.Edge.Process.Log}\n{_tunnel.Hub.Process.Log}");

        public void Dispose()
        {
            _from.Dispose();
            _to.Dispose();
        }

        private static async Task RunAsync(Func<Task> action)
        {
            try
            {
                await Task.Run(action);
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // The test is over, or the stream is lost, which the count shows.
            }
        }
    }
}
