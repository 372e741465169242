using System.Collections.Immutable;
using System.Net;
using System.Text;
using Tunnel.Shared.Protocol.Addresses;
using Tunnel.Shared.Protocol.Messages;

namespace Tunnel.Shared.UnitTests.Protocol.Messages;

public sealed class EdgePortPolicyTests
{
    private static readonly EdgePortPolicy Full = new()
    {
        BindAddress = IPAddress.Parse("203.0.113.10"),
        AcceptProxyProtocol = true,
        TrustedProxies = CidrSet.Parse("10.0.0.5"),
        AllowCidrs = CidrSet.Parse("198.51.100.0/24", "2001:db8::/32"),
        DenyCidrs = CidrSet.Parse("198.51.100.7"),
        MaxConnections = 1000,
        MaxConnectionsPerIp = 10,
        NewConnectionsPerSecondPerIp = 5,
        NewConnectionsBurst = 20,
        Adaptive = 80,
        IdleTimeout = 300,
        UploadRate = 1_000_000,
        AmplificationGuard = false,
        LogConnections = true,
    };

    [Fact]
    public void What_is_written_is_read_again()
    {
        var config = new TunnelConfig { Ports = Policies(("tcp/443", Full), ("default", new EdgePortPolicy { MaxConnections = 5 })) };
        var json = Encoding.UTF8.GetString(ControlMessage.Serialize(config));

        var read = Parse(json);

        Assert.Equal(Full, read.PolicyFor("tcp/443"));
        Assert.Equal(5, read.PolicyFor("udp/53").MaxConnections);
        Assert.DoesNotContain("hasLists", json, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_policies_nothing_is_written_for_them() =>
        Assert.Equal(
            """{"listenPorts":[80],"listenPortsUdp":[]}""",
            Encoding.UTF8.GetString(ControlMessage.Serialize(new TunnelConfig { ListenPorts = [80] })));

    [Theory]
    [InlineData("""{"ports":[1]}""")]
    [InlineData("""{"ports":7}""")]
    [InlineData("""{"ports":{"tcp/80":null}}""")]
    [InlineData("""{"ports":{"tcp/80":{"later":[{"x":1}],"allowCidrs":null}}}""")]
    [InlineData("""{"ports":{"sctp/80":{}}}""")]
    public void What_is_unknown_is_ignored(string json) => Assert.Equal(EdgePortPolicy.None, Parse(json).PolicyFor("tcp/80"));

    [Theory]
    [InlineData("""{"ports":{"tcp/80":{"allowCidrs":["10.0.0.1/8"]}}}""", "10.0.0.0/8")]
    [InlineData("""{"ports":{"tcp/80":{"allowCidrs":"10.0.0.0/8"}}}""", "ports.allowCidrs: \"10.0.0.0/8\" is not a list")]
    [InlineData("""{"ports":{"tcp/80":{"maxConnections":0}}}""", "ports.maxConnections: 0")]
    [InlineData("""{"ports":{"tcp/80":{"acceptProxyProtocol":1}}}""", "true or false")]
    [InlineData("""{"ports":{"tcp/80":{"bindAddress":"10.0.0.0/8"}}}""", "not an address")]
    [InlineData("""{"ports":{"tcp/80":[]}}""", "not an object")]
    [InlineData("""{"ports":{"tcp/80":{"logConnections":true,"logConnections":true}}}""", "given twice")]
    public void What_is_wrong_is_named(string json, string expected)
    {
        Assert.False(ControlMessage.TryParseConfig(Encoding.UTF8.GetBytes(json), out _, out var error));
        Assert.Contains(expected, error, StringComparison.Ordinal);
    }

    [Fact]
    public void Lists_and_policies_are_limited()
    {
        Assert.False(ControlMessage.TryParseConfig(Json(1, CidrSet.MaxCount + 1), out _, out _));
        Assert.False(ControlMessage.TryParseConfig(Json(16_386, 0), out _, out _));
        Assert.False(ControlMessage.TryParseConfig(Json(20, 4000), out _, out _));
        Assert.True(ControlMessage.TryParseConfig(Json(4, CidrSet.MaxCount), out _, out _));

        static byte[] Json(int policies, int blocks)
        {
            var list = string.Join(',', Enumerable.Repeat("\"10.0.0.1\"", blocks));
            var ports = Enumerable.Range(1, policies).Select(port => $"\"tcp/{port}\":{{\"denyCidrs\":[{list}]}}");
            return Encoding.UTF8.GetBytes($"{{\"ports\":{{{string.Join(',', ports)}}}}}");
        }
    }

    [Fact]
    public void No_input_throws() =>
        HostileInput.FeedBounded(
            input => Assert.Equal(ControlMessage.TryParseConfig(input, out var config, out var error), config is not null && error is null),
            [ControlMessage.Serialize(new TunnelConfig { Ports = Policies(("tcp/443", Full)) })],
            maxAllocated: 128 * 1024);

    [Theory]
    [InlineData("198.51.100.1", true)]
    [InlineData("198.51.100.7", false)]
    [InlineData("192.0.2.1", false)]
    [InlineData("10.0.0.5", true)]
    public void Deny_wins_and_trusted_proxies_are_let_in(string client, bool permitted) =>
        Assert.Equal(permitted, Full.Permits(IPAddress.Parse(client)));

    [Fact]
    public void An_empty_allow_list_is_for_all()
    {
        Assert.True(EdgePortPolicy.None.Permits(IPAddress.Loopback));
        Assert.True(new EdgePortPolicy { AllowCidrs = CidrSet.Empty }.Permits(IPAddress.Loopback));
        Assert.False(new EdgePortPolicy { DenyCidrs = CidrSet.Parse("127.0.0.1") }.Permits(IPAddress.Loopback));
        Assert.False(
            new EdgePortPolicy { TrustedProxies = CidrSet.Parse("127.0.0.1"), DenyCidrs = CidrSet.Parse("127.0.0.1") }.Permits(
                IPAddress.Loopback));
    }

    private static ImmutableSortedDictionary<string, EdgePortPolicy> Policies(params (string Key, EdgePortPolicy Policy)[] policies) =>
        TunnelConfig.NoPolicies.AddRange(policies.Select(entry => KeyValuePair.Create(entry.Key, entry.Policy)));

    private static TunnelConfig Parse(string json)
    {
        Assert.True(ControlMessage.TryParseConfig(Encoding.UTF8.GetBytes(json), out var config, out var error), error);
        return config;
    }
}
