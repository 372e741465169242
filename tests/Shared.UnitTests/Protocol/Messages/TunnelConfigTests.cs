using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Tunnel.Shared.Protocol.Messages;

namespace Tunnel.Shared.UnitTests.Protocol.Messages;

public class TunnelConfigTests
{
    private const string Example =
        """{"listenPorts":[80,443],"listenPortsUdp":[53],"stunIntervalSecs":300,"firewallConfig":{"enabled":true},"hub":{"version":"0.1.0","features":["reset","goaway","port"],"tunnelId":"t1","maxFrame":65536,"initialWindow":1048576,"rev":7,"pins":["p"]}}""";

    [Fact]
    public void The_specifications_example_is_read_and_written_byte_for_byte()
    {
        var config = Parse(Example);

        Assert.Equal([80, 443], config.ListenPorts);
        Assert.Equal([53], config.ListenPortsUdp);
        Assert.Equal(300, config.StunIntervalSecs);
        Assert.True(config.FirewallConfig!.Value.GetProperty("enabled").GetBoolean());
        Assert.Equal(["reset", "goaway", "port"], config.Hub!.Features);
        Assert.Equal(
            ("0.1.0", "t1", 65536, 1048576, 7L),
            (config.Hub.Version, config.Hub.TunnelId, config.Hub.MaxFrame, config.Hub.InitialWindow, config.Hub.Rev));
        Assert.Equal(["p"], config.Hub.Pins);
        Assert.Equal(Example, Encoding.UTF8.GetString(ControlMessage.Serialize(config)));
    }

    [Fact]
    public void Both_lists_of_ports_are_written_even_when_empty() =>
        Assert.Equal("""{"listenPorts":[],"listenPortsUdp":[]}"""u8, ControlMessage.Serialize(new TunnelConfig()));

    [Fact]
    public void A_hub_announces_its_features_even_when_it_has_none() =>
        Assert.Equal(
            """{"listenPorts":[],"listenPortsUdp":[],"hub":{"features":[],"maxFrame":0,"initialWindow":0,"rev":0}}"""u8,
            ControlMessage.Serialize(new TunnelConfig { Hub = new HubInfo() }));

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"listenPorts":null,"hub":null,"firewallConfig":null,"stunIntervalSecs":null}""")]
    [InlineData("""{"someday":{"deep":[1,{"a":null}]},"other":1e400}""")]
    [InlineData(" { } ")]
    [InlineData("""{"hub":"another product's word"}""")]
    [InlineData("""{"hub":[1,{"features":3}]}""")]
    public void What_a_base_hub_may_send_is_the_default_configuration(string json)
    {
        var config = Parse(json);

        Assert.Empty(config.ListenPorts);
        Assert.Empty(config.ListenPortsUdp);
        Assert.Null(config.StunIntervalSecs);
        Assert.Null(config.FirewallConfig);
        Assert.Null(config.Hub);
    }

    [Fact]
    public void A_newer_hubs_features_and_members_are_no_error()
    {
        var hub = Parse("""{"hub":{"features":["teleport"],"quantum":{"x":[1]},"version":null}}""").Hub!;

        Assert.Equal(["teleport"], hub.Features);
        Assert.Equal("", hub.Version);
    }

    [Theory]
    [InlineData("""{"listenPorts":[0]}""", "listenPorts: 0 is not an integer from 1 to 65535")]
    [InlineData("""{"listenPorts":[65536]}""", "listenPorts: 65536 is not an integer from 1 to 65535")]
    [InlineData("""{"listenPorts":[-1]}""", "listenPorts: -1 is not an integer from 1 to 65535")]
    [InlineData("""{"listenPorts":[80.5]}""", "listenPorts: 80.5 is not an integer from 1 to 65535")]
    [InlineData("""{"listenPorts":["80-90"]}""", "listenPorts: \"80-90\" is not an integer from 1 to 65535")]
    [InlineData("""{"listenPorts":[null]}""", "listenPorts: null is not an integer from 1 to 65535")]
    [InlineData("""{"listenPorts":[99999999999999999999]}""", "listenPorts: 99999999999999999999 is not an integer from 1 to 65535")]
    [InlineData("""{"listenPortsUdp":[53,54,53]}""", "listenPortsUdp: 53 is there twice")]
    [InlineData("""{"listenPorts":80}""", "listenPorts: 80 is not a list")]
    [InlineData("""{"listenPorts":[],"listenPorts":[]}""", "listenPorts: given twice")]
    [InlineData("""{"stunIntervalSecs":-5}""", "stunIntervalSecs: -5 is not an integer from 0 to 2147483647")]
    [InlineData("""{"stunIntervalSecs":"300"}""", "stunIntervalSecs: \"300\" is not an integer from 0 to 2147483647")]
    [InlineData("""{"firewallConfig":[]}""", "firewallConfig: a list is not an object")]
    [InlineData("""{"hub":{"features":"reset"}}""", "hub.features: \"reset\" is not a list")]
    [InlineData("""{"hub":{"features":[1]}}""", "hub.features: 1 is not a string")]
    [InlineData("""{"hub":{"maxFrame":-1}}""", "hub.maxFrame: -1 is not an integer from 0 to 2147483647")]
    [InlineData("""{"hub":{"initialWindow":2147483648}}""", "hub.initialWindow: 2147483648 is not an integer from 0 to 2147483647")]
    [InlineData("""{"hub":{"rev":true}}""", "hub.rev: True is not an integer from 0 to 9223372036854775807")]
    [InlineData("[]", "a list is not a JSON object")]
    [InlineData("\"x\\u000a\"", "\"x\\u000a\" is not a JSON object")]
    [InlineData("{\"hub\":{\"version\":\"\\uD800\"}}", "a string in the message is not valid Unicode")]
    [InlineData("{\"\\uDC00\\uD800\":1}", "a string in the message is not valid Unicode")]
    public void What_is_wrong_is_named_with_member_and_value(string json, string error)
    {
        Assert.False(ControlMessage.TryParseConfig(Encoding.UTF8.GetBytes(json), out var config, out var actual));
        Assert.Null(config);
        Assert.Equal(error, actual, ignoreCase: true);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("{}{}")]
    [InlineData("{},")]
    [InlineData("{\"listenPorts\":[1,]}")]
    [InlineData("{/*x*/}")]
    [InlineData("nonsense")]
    public void What_is_not_JSON_is_said_with_its_place(string json)
    {
        Assert.False(ControlMessage.TryParseConfig(Encoding.UTF8.GetBytes(json), out _, out var error));
        Assert.Matches("^not valid JSON, or nested deeper than 32 levels, at byte [0-9]+ of line 1$", error);
    }

    [Fact]
    public void Bytes_that_are_not_UTF8_are_refused()
    {
        Assert.False(ControlMessage.TryParseConfig([(byte)'{', 0xFF, (byte)'}'], out _, out var error));
        Assert.Equal("the message is not UTF-8", error);
    }

    [Theory]
    [InlineData(31, true)]
    [InlineData(32, false)]
    [InlineData(1_000_000, false)]
    public void Nesting_is_limited_also_in_what_is_skipped(int levels, bool valid)
    {
        var json = $"{{\"x\":{new string('[', levels)}{new string(']', levels)}}}";
        Assert.Equal(valid, ControlMessage.TryParseConfig(Encoding.UTF8.GetBytes(json), out _, out _));
    }

    [Theory]
    [InlineData(64, 64, true)]
    [InlineData(65, 1, false)]
    [InlineData(1, 65, false)]
    public void Features_are_limited_in_number_and_length(int count, int length, bool valid)
    {
        var features = string.Join(',', Enumerable.Repeat($"\"{new string('f', length)}\"", count));
        Assert.Equal(
            valid, ControlMessage.TryParseConfig(Encoding.UTF8.GetBytes($"{{\"hub\":{{\"features\":[{features}]}}}}"), out _, out _));
    }

    [Theory]
    [InlineData("\"pins\":[{0}]", "\"p\"", 16)]
    [InlineData("\"version\":\"{0}\"", "v", 256)]
    [InlineData("\"tunnelId\":\"{0}\"", "t", 256)]
    public void Lists_and_strings_of_the_hub_are_limited(string member, string unit, int max)
    {
        var separator = unit.StartsWith('"') ? "," : "";
        string Json(int count) => "{\"hub\":{" + string.Format(null, member, string.Join(separator, Enumerable.Repeat(unit, count))) + "}}";

        Assert.True(ControlMessage.TryParseConfig(Encoding.UTF8.GetBytes(Json(max)), out _, out _));
        Assert.False(ControlMessage.TryParseConfig(Encoding.UTF8.GetBytes(Json(max + 1)), out _, out _));
    }

    [Fact]
    public void Every_port_can_be_assigned()
    {
        var config = new TunnelConfig { ListenPorts = [.. Enumerable.Range(1, 65535)] };
        Assert.Equal(config.ListenPorts, Parse(Encoding.UTF8.GetString(ControlMessage.Serialize(config))).ListenPorts);
    }

    [Fact]
    public void A_message_of_just_4_MiB_is_read_and_one_byte_more_is_not()
    {
        var json = new byte[ControlMessage.MaxConfigLength + 1];
        json.AsSpan().Fill((byte)' ');
        "{}"u8.CopyTo(json);

        Assert.True(ControlMessage.TryParseConfig(json.AsSpan(..^1), out _, out _));
        Assert.False(ControlMessage.TryParseConfig(json, out _, out var error));
        Assert.Equal("the message has 4194305 bytes, more than 4194304", error);
    }

    [Theory]
    [InlineData("{{\"x\":[{0}]}}", "[],", 16 * 1024)]
    [InlineData("{{\"x\":\"{0}\"}}", "\\u0041", 16 * 1024)]
    [InlineData("{{\"hub\":{{\"version\":\"{0}\"}}}}", "\\u0041", 16 * 1024)]
    [InlineData("{{\"hub\":{{\"features\":[{0}]}}}}", "\"f\",", 16 * 1024)]
    [InlineData("{{\"listenPorts\":[{0}]}}", "1,", 16 * 1024)]
    [InlineData("{{{0}}}", "\"x\":1,", 16 * 1024)]
    public void A_huge_message_costs_little_beyond_its_own_bytes(string around, string unit, long maxAllocated)
    {
        var repeated = string.Concat(Enumerable.Repeat(unit, 4_000_000 / unit.Length)).TrimEnd(',');
        var json = Encoding.UTF8.GetBytes(string.Format(null, around, repeated));
        // The first call sets up what is made only once.
        ControlMessage.TryParseConfig(json, out _, out _);

        var before = GC.GetAllocatedBytesForCurrentThread();
        ControlMessage.TryParseConfig(json, out _, out _);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, maxAllocated);
    }

    [Fact]
    public void An_error_is_short_and_on_one_line_whatever_it_quotes()
    {
        var json = $"{{\"stunIntervalSecs\":\"\\n\\u001b[31m{new string('x', 1_000_000)}\"}}";
        Assert.False(ControlMessage.TryParseConfig(Encoding.UTF8.GetBytes(json), out _, out var error));
        Assert.InRange(error.Length, 1, 200);
        Assert.DoesNotContain(error, char.IsControl);
    }

    [Fact]
    public void What_is_written_is_read_again_the_same() =>
        Prop.ForAll(Configs.ToArbitrary(), config =>
            config.Hub is { } hub && Parse(Encoding.UTF8.GetString(ControlMessage.Serialize(config))) is var read
            && read.ListenPorts.SequenceEqual(config.ListenPorts)
            && read.ListenPortsUdp.SequenceEqual(config.ListenPortsUdp)
            && read.StunIntervalSecs == config.StunIntervalSecs
            && read.Hub!.Features.SequenceEqual(hub.Features)
            && read.Hub.Pins.SequenceEqual(hub.Pins)
            && read.Hub with { Features = hub.Features, Pins = hub.Pins } == hub).QuickCheckThrowOnFailure();

    [Fact]
    public void No_input_throws() =>
        HostileInput.FeedBounded(
            input => Assert.Equal(ControlMessage.TryParseConfig(input, out var config, out var error), config is not null && error is null),
            [Encoding.UTF8.GetBytes(Example), """{"listenPorts":[1],"hub":{"features":["\u00e9"],"pins":[""]}}"""u8.ToArray()],
            maxAllocated: 128 * 1024);

    private static Gen<TunnelConfig> Configs { get; } =
        from tcp in Generators.Port.ArrayOf()
        from udp in Generators.Port.ArrayOf()
        from stun in Gen.Choose(0, int.MaxValue)
        from version in Generators.Text
        from features in Generators.EdgeId.ArrayOf()
        from pins in Generators.Text.ArrayOf(3)
        from maxFrame in Gen.Choose(0, int.MaxValue)
        from rev in Gen.Choose(0, int.MaxValue)
        select new TunnelConfig
        {
            ListenPorts = [.. tcp.Distinct()],
            ListenPortsUdp = [.. udp.Distinct()],
            StunIntervalSecs = stun,
            Hub = new HubInfo
            {
                Version = Cut(version),
                Features = [.. features.Take(64)],
                Pins = [.. pins.Select(Cut)],
                MaxFrame = maxFrame,
                InitialWindow = maxFrame / 2,
                TunnelId = Cut(version),
                Rev = rev * 3_000_000_000L,
            },
        };

    private static string Cut(string text) => text[..Math.Min(text.Length, 256)];

    private static TunnelConfig Parse(string json)
    {
        Assert.True(ControlMessage.TryParseConfig(Encoding.UTF8.GetBytes(json), out var config, out var error), error);
        return config;
    }
}
