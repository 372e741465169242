using Tunnel.Hub.Edges.Live;
using Tunnel.Hub.UnitTests.Fakes;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport;

namespace Tunnel.Hub.UnitTests.Edges.Live;

public sealed class RenewalsTests
{
    private const string Secret = "a-secret-for-the-edge";
    private readonly TestRegistry _registry = new();
    private readonly Guid _id = Guid.NewGuid();

    public RenewalsTests() => _registry.Allowed.Put(TestRegistry.Edge("a", 80));

    [Fact]
    public async Task A_secret_is_sent_once_and_its_answer_names_the_configuration()
    {
        var edge = _registry.Connect("a", "one");
        var push = _registry.Live.PushSecretAsync("a", _id, Secret);
        var config = await edge.Tunnel.NextConfigAsync();
        Assert.Equal((Secret, 2L), (config.Hub!.Secret, config.Hub.Rev));
        Assert.DoesNotContain(Secret, config.ToString(), StringComparison.Ordinal);

        Report(edge, 1);
        Assert.False(push.IsCompleted);
        Assert.NotEqual(_id, edge.Live.SecretId);
        Report(edge, 2);
        Assert.True((await push.WaitAsync(Patience.Limit)).IsKept);
        Assert.Equal(_id, edge.Live.SecretId);

        // This edge has no second secret.
        edge.Live.SecretId = _registry.Allowed.SecretIdOf("a");

        _registry.Allowed.Change(TestRegistry.Edge("a", 81));
        Assert.Null((await edge.Tunnel.NextConfigAsync()).Hub!.Secret);
    }

    [Fact]
    public async Task No_answer_in_time_and_an_end_before_it_are_none()
    {
        var edge = _registry.Connect("a", "one");
        var push = _registry.Live.PushSecretAsync("a", _id, Secret);
        await edge.Tunnel.NextConfigAsync();
        _registry.Time.Advance(Renewals.Patience);
        Assert.Equal(SecretPush.Silent, await push.WaitAsync(Patience.Limit));

        push = _registry.Live.PushSecretAsync("a", _id, Secret);
        await edge.Tunnel.CloseAsync(new TunnelEnd(TunnelEndKind.PeerClosed, ""));
        Assert.Equal(SecretPush.Silent, await push.WaitAsync(Patience.Limit));
        Assert.Equal(SecretPush.NotConnected, await _registry.Live.PushSecretAsync("b", _id, Secret));
    }

    [Fact]
    public async Task Where_the_hub_will_be_is_told_to_all_and_counts_as_told_when_it_is_kept()
    {
        var connected = _registry.Connect("a", "one");
        _registry.Live.Configs.AnnounceAddress("new.example:8443");
        Assert.Equal("new.example:8443", (await connected.Tunnel.NextConfigAsync()).Hub!.Address);
        Assert.False(_registry.Live.Configs.KnowsAddress("a", "new.example:8443"));
        ((IHubTunnelHandler)connected.Live).OnReport(
            connected.Tunnel,
            new Report
            {
                Kind = Tunnel.Shared.Protocol.Messages.Report.Kept,
                Rev = 2,
                KeptRenewals = new KeptReport { Address = "new.example:8443" },
            });
        Assert.True(_registry.Live.Configs.KnowsAddress("a", "new.example:8443"));

        _registry.Allowed.Put(TestRegistry.Edge("b", 80));
        Assert.Equal("new.example:8443", _registry.Connect("b", "two").Live.Config.Hub!.Address);
        _registry.Live.Configs.AnnounceAddress(null);
        Assert.Null((await connected.Tunnel.NextConfigAsync()).Hub!.Address);
    }

    private static void Report((EdgeTunnel Live, FakeTunnel Tunnel) edge, long revision) => ((IHubTunnelHandler)edge.Live).OnReport(
        edge.Tunnel,
        new Report { Kind = Tunnel.Shared.Protocol.Messages.Report.Kept, Rev = revision, KeptRenewals = new KeptReport { Secret = true } });
}
