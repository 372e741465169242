using System.Security.Authentication;
using System.Text;
using Tunnel.Hub.Accepting;
using Tunnel.Hub.Events;
using Tunnel.Hub.UnitTests.Fakes;
using Tunnel.Shared.Sockets;
using Tunnel.Shared.Strangers;

namespace Tunnel.Hub.UnitTests.Accepting;

public sealed class FrontDoorTests : IDisposable
{
    private const string Unauthorized = "{\"error\":\"unauthorized\"}\n";
    private const string Malformed = "{\"error\":\"malformed\"}\n";
    private readonly FrontDoorFixture _hub = new();

    public FrontDoorTests()
    {
        _hub.Registry.Allowed.Put(TestRegistry.Edge("a", 80) with { Secret = "right-secret-of-a" });
        _hub.Registry.Allowed.Put(TestRegistry.Edge("off", 80) with { Secret = "right-secret-of-off", Enabled = false });
    }

    public void Dispose() => _hub.Dispose();

    [Theory]
    [InlineData]
    [InlineData("tunnel/1")]
    [InlineData("h2", "tunnel/1")]
    public async Task An_edge_with_the_right_secret_gets_its_configuration(params string[] alpn)
    {
        var (client, _) = await _hub.ConnectTlsAsync(alpn);
        await client.WriteAsync("EDGE a right-secret-of-a\nframe"u8.ToArray());
        using var reader = new StreamReader(client, Encoding.UTF8);
        var answer = await reader.ReadLineAsync();

        Assert.StartsWith("{\"listenPorts\":[80]", answer, StringComparison.Ordinal);
        var made = await _hub.Tunnels.NextAsync();
        Assert.Equal(("a", "frame"), (made.EdgeId, Encoding.ASCII.GetString(made.Received)));
        Assert.Contains("\"tunnelId\"", answer, StringComparison.Ordinal);
        Assert.Equal("a", (await _hub.Registry.Events.NextAsync<EdgeConnectedEvent>()).EdgeId);
        Assert.Equal(0, _hub.Strangers.Count);
    }

    [Theory]
    [InlineData("h2")]
    [InlineData("http/1.1", "h2")]
    public async Task Other_protocols_are_refused_in_the_handshake(params string[] alpn)
    {
        var error = await Assert.ThrowsAnyAsync<Exception>(() => _hub.ConnectTlsAsync(alpn));

        Assert.Contains("no application protocol", error.ToString(), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task With_too_few_descriptors_the_oldest_stranger_gives_way_and_without_one_the_newcomer_is_closed()
    {
        using var descriptors = new DescriptorGuard(() => int.MaxValue, TimeProvider.System);
        using var hub = new FrontDoorFixture(descriptors: descriptors);
        var (_, oldest) = await hub.ConnectAsync();
        descriptors.OnShortage();
        var (_, newcomer) = await hub.ConnectAsync();

        await oldest;
        Assert.False(newcomer.IsCompleted);
        Assert.Equal((1, 1), (hub.Strangers.Count, hub.Reception.Refusals[RefusalReason.GaveWay]));

        hub.Strangers.EndAll();
        await newcomer;
        var (client, refused) = await hub.ConnectAsync();
        await refused;
        Assert.Equal(1, hub.Reception.Refusals[RefusalReason.DescriptorLimit]);
        Assert.Equal(0, await client.ReadAsync(new byte[1]).AsTask().WaitAsync(Patience.Limit));
    }

    [Fact]
    public async Task Tls_before_13_is_refused() =>
        await Assert.ThrowsAnyAsync<Exception>(() => _hub.ConnectTlsAsync(["tunnel/1"], SslProtocols.Tls12));

    [Theory]
    [InlineData("EDGE nobody right-secret-of-a\n")]
    [InlineData("EDGE a wrong-secret-of-a\n")]
    [InlineData("EDGE off right-secret-of-off\n")]
    public async Task Every_refusal_is_the_same(string line)
    {
        Assert.Equal(Unauthorized, await _hub.AskAsync(line));
        Assert.Equal(1, _hub.Reception.Refusals[RefusalReason.Unauthorized]);
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\n\r\n")]
    [InlineData("EDGE a\n")]
    [InlineData("EDGE a/b right-secret-of-a\n")]
    [InlineData("\n")]
    public async Task What_is_no_edge_line_is_told_so(string line)
    {
        Assert.Equal(Malformed, await _hub.AskAsync(line));
        Assert.Equal(1, _hub.Reception.Refusals[RefusalReason.Malformed]);
    }

    [Fact]
    public async Task After_ten_failures_nothing_that_costs_much_is_done_and_the_right_secret_is_looked_at_all_the_same()
    {
        for (var i = 0; i < 10; i++)
        {
            await _hub.AskAsync("EDGE a wrong-secret-of-a\n");
            Assert.False(_hub.Registry.Allowed.WasBlocked);
        }

        Assert.Equal(Unauthorized, await _hub.AskAsync("EDGE a wrong-secret-of-a\n"));
        Assert.True(_hub.Registry.Allowed.WasBlocked);
        Assert.Equal(1, _hub.Reception.Refusals[RefusalReason.Blocked]);

        var (client, served) = await _hub.ConnectTlsAsync(["tunnel/1"]);
        await client.WriteAsync("EDGE a right-secret-of-a\n"u8.ToArray());
        await served;
        Assert.True(_hub.Registry.Allowed.WasBlocked);
        Assert.Single(_hub.Registry.Live.Tunnels);
        await client.DisposeAsync();
    }

    [Fact]
    public async Task Two_kilobytes_without_a_line_feed_are_enough() => Assert.Equal(Malformed, await _hub.AskAsync(new string('E', 2048)));

    [Fact]
    public async Task A_busy_hub_says_so()
    {
        _hub.Registry.Allowed.IsBusy = true;

        Assert.Equal("{\"error\":\"busy\"}\n", await _hub.AskAsync("EDGE a right-secret-of-a\n"));
    }

    [Fact]
    public async Task A_right_secret_passes_after_any_number_of_wrong_ones()
    {
        for (var i = 0; i < 12; i++)
            Assert.Equal(Unauthorized, await _hub.AskAsync("EDGE a wrong-secret-of-a\n"));
        Assert.Equal((10, 2), (_hub.Reception.Refusals[RefusalReason.Unauthorized], _hub.Reception.Refusals[RefusalReason.Blocked]));

        var (client, _) = await _hub.ConnectTlsAsync([]);
        await client.WriteAsync("EDGE a right-secret-of-a\n"u8.ToArray());
        Assert.Equal("a", (await _hub.Tunnels.NextAsync()).EdgeId);
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\nHost: hub\r\n\r\n")]
    [InlineData("\u0016\u0003\u0001\u0000\u0005garbage of the right length and more of it")]
    public async Task What_is_not_tls_is_closed_and_counted(string bytes)
    {
        var (client, served) = await _hub.ConnectAsync();
        await client.WriteAsync(Encoding.Latin1.GetBytes(bytes));
        await served;

        Assert.Equal(1, _hub.Reception.Refusals[RefusalReason.TlsFailed]);
        Assert.Equal(0, _hub.Strangers.Count);
    }

    [Fact]
    public async Task Silence_ends_after_ten_seconds_before_tls_and_after_it()
    {
        var (_, plain) = await _hub.ConnectAsync();
        var (_, tls) = await _hub.ConnectTlsAsync([]);
        _hub.Registry.Time.Advance(TimeSpan.FromSeconds(9.9));
        Assert.False(plain.IsCompleted || tls.IsCompleted);
        _hub.Registry.Time.Advance(TimeSpan.FromSeconds(0.1));
        await plain;
        await tls;

        Assert.Equal(2, _hub.Reception.Refusals[RefusalReason.Timeout]);
        Assert.Equal(0, _hub.Strangers.Count);
    }

    [Fact]
    public async Task Who_leaves_without_a_word_was_refused_nothing()
    {
        var (plain, servedPlain) = await _hub.ConnectAsync();
        await plain.DisposeAsync();
        await servedPlain;
        var (client, served) = await _hub.ConnectTlsAsync([]);
        await client.DisposeAsync();
        await served;

        Assert.All(Enum.GetValues<RefusalReason>(), reason => Assert.Equal(0, _hub.Reception.Refusals[reason]));
        Assert.Equal(0, _hub.Strangers.Count);
    }

    [Fact]
    public async Task Who_leaves_in_the_middle_of_a_word_is_counted()
    {
        var (plain, servedPlain) = await _hub.ConnectAsync();
        await plain.WriteAsync("\x16\x03\x01"u8.ToArray());
        await plain.DisposeAsync();
        await servedPlain;
        var (client, served) = await _hub.ConnectTlsAsync([]);
        await client.WriteAsync("EDGE a"u8.ToArray());
        await client.DisposeAsync();
        await served;

        Assert.Equal(1, _hub.Reception.Refusals[RefusalReason.TlsFailed]);
        Assert.Equal(1, _hub.Reception.Refusals[RefusalReason.ClosedEarly]);
    }

    [Fact]
    public async Task The_oldest_silent_one_gives_way_and_a_live_edge_gets_in()
    {
        using var hub = new FrontDoorFixture(StrangerLimits.Default with { PerPrefix = 3 });
        hub.Registry.Allowed.Put(TestRegistry.Edge("a", 80) with { Secret = "right-secret-of-a" });
        var served = new List<Task>();
        for (var i = 0; i < 3; i++)
            served.Add((await hub.ConnectAsync()).Served);

        var (client, _) = await hub.ConnectTlsAsync([]);
        await served[0];
        await client.WriteAsync("EDGE a right-secret-of-a\n"u8.ToArray());
        Assert.Equal("a", (await hub.Tunnels.NextAsync()).EdgeId);
        Assert.Equal(1, hub.Reception.Refusals[RefusalReason.GaveWay]);
        Assert.False(served[1].IsCompleted || served[2].IsCompleted);
    }
}
