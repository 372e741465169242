using System.Net;
using System.Net.Sockets;
using System.Text;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Hub.Targets;
using Tunnel.Hub.Targets.Pools;
using Tunnel.Hub.UnitTests.Fakes;
using Tunnel.Shared.Protocol;
using Tunnel.Shared.Protocol.Addresses;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.Hub.UnitTests.Forwarding;

/// <summary>Streams, sessions and pools whose names lead to addresses that are not allowed are refused.</summary>
public sealed class TargetRuleTests
{
    private static readonly IPAddress Metadata = IPAddress.Parse("169.254.169.254");
    private static readonly IPAddress Outside = IPAddress.Parse("127.0.5.9");

    [Theory]
    [InlineData(null, null, "10.0.0.5", true)]
    [InlineData(null, null, "169.254.169.254", false)]
    [InlineData("0.0.0.0/0", null, "169.254.169.254", false)]
    [InlineData("169.254.169.254", null, "169.254.169.254", true)]
    [InlineData("169.254.169.254", "10.0.0.0/8", "169.254.169.254", false)]
    [InlineData("169.254.0.0/16", "169.254.169.254", "169.254.169.254", true)]
    [InlineData("10.0.0.0/8", null, "10.0.0.5", true)]
    [InlineData("10.0.0.0/8", null, "::ffff:10.0.0.5", true)]
    [InlineData("10.0.0.0/8", null, "11.0.0.5", false)]
    [InlineData("10.0.0.0/8", "10.1.0.0/16", "10.0.0.5", false)]
    [InlineData("10.1.0.0/16", "10.0.0.0/8", "10.0.0.5", false)]
    [InlineData(null, "10.0.0.0/8", "::1", false)]
    public void Both_lists_have_to_allow_an_address_and_a_metadata_address_has_to_be_listed_by_itself(
        string? hub, string? edge, string address, bool expected)
    {
        var rule = new TargetRule(hub is null ? null : CidrSet.Parse(hub), edge is null ? null : CidrSet.Parse(edge));
        Assert.Equal(expected, rule.Allows(IPAddress.Parse(address)));
    }

    [Theory]
    [InlineData("169.254.169.254", null)]
    [InlineData("127.0.5.9", "127.0.0.1/32")]
    public async Task A_stream_to_an_address_that_is_not_allowed_is_reset_without_a_dial(string address, string? allowed)
    {
        using var hub = new ForwardingFixture();
        hub.ConnectEdge(new PortPolicyDefinition { TargetHost = address }, allowed is null ? null : CidrSet.Parse(allowed));
        Assert.Equal(ResetReason.Unreachable, await hub.OpenStream().ResetAsync());
        Assert.Equal(1, hub.Streams.Failures[StreamFailure.TargetNotAllowed]);
    }

    [Fact]
    public async Task A_name_that_leads_elsewhere_at_the_next_answer_is_checked_again_and_its_allowed_addresses_are_used()
    {
        using var upstream = new TcpListener(IPAddress.Loopback, 0);
        upstream.Start();
        using var outside = new TcpListener(Outside, ((IPEndPoint)upstream.LocalEndpoint).Port);
        outside.Start();
        IPAddress[] answer = [Metadata, Outside, IPAddress.Loopback];
        using var hub = new ForwardingFixture(lookUp: _ => Task.FromResult(answer));
        hub.Gate.Options = hub.Gate.Options with { TargetAllowCidrs = CidrSet.Parse("127.0.0.1") };
        hub.ConnectEdge(new PortPolicyDefinition { TargetHost = "web", TargetPort = ((IPEndPoint)upstream.LocalEndpoint).Port });
        await hub.OpenStream().AttachedAsync();
        Assert.True(upstream.Pending());

        answer = [Outside];
        hub.Time.Advance(TimeSpan.FromSeconds(6));
        Assert.Equal(ResetReason.Unreachable, await hub.OpenStream().ResetAsync());
        Assert.Equal(1, hub.Streams.Failures[StreamFailure.TargetNotAllowed]);
        Assert.False(outside.Pending());
    }

    [Fact]
    public async Task A_session_is_refused_and_one_whose_name_moves_there_stays_where_it_is()
    {
        using var upstream = new UdpClient(new IPEndPoint(IPAddress.Loopback, 0));
        var port = ((IPEndPoint)upstream.Client.LocalEndPoint!).Port;
        using var outside = new UdpClient(new IPEndPoint(Outside, port));
        IPAddress[] answer = [IPAddress.Loopback];
        using var hub = new ForwardingFixture(lookUp: _ => Task.FromResult(answer));
        hub.ConnectEdge(
            new PortPolicyDefinition { TargetHost = "dns", TargetPort = port, UdpProxyProtocol = UdpProxyProtocol.Off },
            CidrSet.Parse("127.0.0.1"));
        var (_, sink) = hub.OpenSession();
        sink!.OnDatagram("one"u8);
        await upstream.ReceiveAsync().WaitAsync(Patience.Limit);

        answer = [Outside];
        // An upstream that is silent for so long may have moved, and the name is looked up again.
        for (var second = 0; second < 20; second++)
            hub.Time.Advance(TimeSpan.FromSeconds(1));
        sink.OnDatagram("two"u8);
        Assert.Equal("two", Encoding.ASCII.GetString((await upstream.ReceiveAsync().WaitAsync(Patience.Limit)).Buffer));

        hub.OpenSession();
        await Eventually.IsTrueAsync(() => hub.Sessions.Failures[SessionFailure.TargetNotAllowed] == 1, "the new session is refused");
        Assert.Equal(0, outside.Available);
    }

    [Fact]
    public async Task A_member_that_is_not_allowed_is_never_used_and_says_why()
    {
        using var upstream = new TcpListener(IPAddress.Loopback, 0);
        upstream.Start();
        using var hub = new ForwardingFixture(lookUp: _ => Task.FromResult<IPAddress[]>([Metadata, Outside, IPAddress.Loopback]));
        var policy = new PortPolicyDefinition
        {
            Targets = new TargetList([new TargetDefinition { Host = "web", Port = ((IPEndPoint)upstream.LocalEndpoint).Port }]),
            PanicThreshold = 100,
        };
        hub.ConnectEdge(policy, CidrSet.Parse("127.0.0.1"));
        for (var i = 0; i < 3; i++)
        {
            await hub.OpenStream().AttachedAsync();
            using var accepted = await upstream.AcceptSocketAsync().WaitAsync(Patience.Limit);
        }

        var members = hub.Pools.Find(new PoolKey("a", false, 80))!.Describe();
        Assert.Equal([TargetState.Down, TargetState.Down, TargetState.Up], members.Select(member => member.State));
        Assert.Equal("targetAllowCidrs do not allow the address", members[0].Reason);

        // A change of the hub's list is in force with the next client.
        hub.Gate.Options = hub.Gate.Options with { TargetAllowCidrs = CidrSet.Parse("10.0.0.0/8") };
        Assert.Equal(ResetReason.Unreachable, await hub.OpenStream().ResetAsync());
        Assert.Equal(1, hub.Streams.Failures[StreamFailure.NoTarget]);
    }
}
