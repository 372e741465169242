using System.Net;
using System.Net.Sockets;
using Tunnel.Edge.PublicAddress;
using Tunnel.Edge.UnitTests.Fakes;
using Tunnel.TestUtilities;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.Edge.UnitTests.PublicAddress;

/// <summary>The client against a server that does what a test says.</summary>
public sealed class StunClientTests : IDisposable
{
    private static readonly IPEndPoint Seen = new(IPAddress.Parse("192.0.2.33"), 4711);

    private readonly ManualTimeProvider _time = new();
    private readonly Socket _server = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
    private readonly byte[] _buffer = new byte[100];

    public StunClientTests() => _server.Bind(new IPEndPoint(IPAddress.Loopback, 0));

    public void Dispose() => _server.Dispose();

    [Fact]
    public async Task An_answer_is_the_end_of_it()
    {
        var outcome = AskAsync();
        (var client, var id) = await NextRequestAsync();
        await SendAsync(client, Success(id));
        Assert.Equal(StunOutcome.Found(Seen.Address), await outcome.Soon());
        Assert.Equal(0, _time.WaitingTimers);
    }

    [Fact]
    public async Task Silence_is_asked_seven_times_and_then_given_up()
    {
        var outcome = AskAsync();
        byte[]? first = null;
        foreach (var seconds in new[] { 0.5, 1, 2, 4, 8, 16 })
        {
            (_, var id) = await NextRequestAsync();
            first ??= id;
            Assert.Equal(first, id);
            await Eventually.IsTrueAsync(() => _time.WaitingTimers == 1, "it waits");
            _time.Advance(TimeSpan.FromSeconds(seconds) - TimeSpan.FromTicks(1));
            Assert.Equal(0, _server.Available);
            _time.Advance(TimeSpan.FromTicks(1));
        }

        await NextRequestAsync();
        await Eventually.IsTrueAsync(() => _time.WaitingTimers == 1, "it waits");
        _time.Advance(TimeSpan.FromSeconds(8) - TimeSpan.FromTicks(1));
        Assert.False(outcome.IsCompleted);
        _time.Advance(TimeSpan.FromTicks(1));
        Assert.Equal(StunOutcome.Failed("no answer"), await outcome.Soon());
        Assert.Equal(0, _server.Available);
    }

    [Fact]
    public async Task The_answer_to_a_repetition_counts_and_garbage_before_it_does_not()
    {
        var outcome = AskAsync();
        (var client, var id) = await NextRequestAsync();
        byte[] otherId = [.. id.Reverse()];
        await SendAsync(client, []);
        await SendAsync(client, new byte[1400]);
        await SendAsync(client, new byte[60_000]);
        await SendAsync(client, Success(otherId));
        await Eventually.IsTrueAsync(() => _time.WaitingTimers == 1, "it waits");
        _time.Advance(StunSchedule.RetransmissionTimeout);
        (client, id) = await NextRequestAsync();
        await SendAsync(client, Success(id));
        Assert.Equal(StunOutcome.Found(Seen.Address), await outcome.Soon());
    }

    [Fact]
    public async Task An_answer_from_another_address_is_not_heard()
    {
        using var stranger = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        stranger.Bind(new IPEndPoint(IPAddress.Parse("127.0.0.2"), ((IPEndPoint)_server.LocalEndPoint!).Port));
        var outcome = AskAsync();
        (var client, var id) = await NextRequestAsync();
        var forged = StunAnswers.Message(0x0101, id, StunAnswers.XorAddress(new IPEndPoint(IPAddress.Parse("203.0.113.66"), 1), id));
        await stranger.SendToAsync(forged, client);
        await SendAsync(client, Success(id));
        Assert.Equal(StunOutcome.Found(Seen.Address), await outcome.Soon());
    }

    [Theory]
    [InlineData("0.0.0.0")]
    [InlineData("255.255.255.255")]
    [InlineData("239.1.2.3")]
    [InlineData("::")]
    [InlineData("ff02::1")]
    public async Task What_is_no_hosts_address_is_not_believed(string address)
    {
        var outcome = AskAsync();
        (var client, var id) = await NextRequestAsync();
        await SendAsync(client, StunAnswers.Message(0x0101, id, StunAnswers.XorAddress(new IPEndPoint(IPAddress.Parse(address), 1), id)));
        Assert.Contains("is not the address of a host", (await outcome.Soon()).Error);
    }

    [Fact]
    public async Task A_refusal_and_a_closed_port_are_told_at_once()
    {
        var outcome = AskAsync();
        (var client, var id) = await NextRequestAsync();
        await SendAsync(client, StunAnswers.Message(0x0111, id, StunAnswers.Attribute(0x0009, [0, 0, 4, 0])));
        Assert.Equal(StunOutcome.Failed("refused with code 400"), await outcome.Soon());

        var closed = (IPEndPoint)_server.LocalEndPoint!;
        _server.Dispose();
        Assert.Equal(
            StunOutcome.Failed("nobody listens there"), await new StunClient(_time).AskAsync(closed, CancellationToken.None).Soon());
    }

    [Fact]
    public async Task It_can_be_given_up()
    {
        using var stop = new CancellationTokenSource();
        var outcome = new StunClient(_time).AskAsync((IPEndPoint)_server.LocalEndPoint!, stop.Token);
        await NextRequestAsync();
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => outcome.Soon());
    }

    private static byte[] Success(byte[] id) => StunAnswers.Message(0x0101, id, StunAnswers.XorAddress(Seen, id));

    private Task<StunOutcome> AskAsync() => new StunClient(_time).AskAsync((IPEndPoint)_server.LocalEndPoint!, CancellationToken.None);

    private async Task<(EndPoint Client, byte[] TransactionId)> NextRequestAsync()
    {
        var received = await _server.ReceiveFromAsync(_buffer, new IPEndPoint(IPAddress.Any, 0)).Soon();
        Assert.Equal(StunMessage.HeaderLength, received.ReceivedBytes);
        return (received.RemoteEndPoint, _buffer[8..20]);
    }

    private async Task SendAsync(EndPoint client, byte[] message) => await _server.SendToAsync(message, client);
}
