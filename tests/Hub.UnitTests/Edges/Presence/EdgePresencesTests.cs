using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Hub.Edges.Presence;
using Tunnel.Hub.Events;
using Tunnel.Hub.UnitTests.Fakes;
using Tunnel.Shared.Files;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport;

namespace Tunnel.Hub.UnitTests.Edges.Presence;

/// <summary>The hub remembers an edge that is away.</summary>
public sealed class EdgePresencesTests
{
    private readonly TestRegistry _registry = new();

    public EdgePresencesTests() => _registry.Allowed.Put(TestRegistry.Edge("a", 80));

    private EdgePresences Presences => _registry.Live.Presences;

    [Theory]
    [InlineData(TunnelEndKind.Timeout, false, EdgeCondition.Network)]
    [InlineData(TunnelEndKind.ConnectionLost, false, EdgeCondition.Network)]
    [InlineData(TunnelEndKind.PeerClosed, false, EdgeCondition.Network)]
    [InlineData(TunnelEndKind.PeerClosed, true, EdgeCondition.Stopped)]
    [InlineData(TunnelEndKind.ProtocolError, false, EdgeCondition.ProtocolError)]
    [InlineData(TunnelEndKind.Closed, false, EdgeCondition.Disconnected)]
    [InlineData(TunnelEndKind.Revoked, false, EdgeCondition.SecretExpired)]
    public async Task An_edge_that_is_gone_is_told_with_since_from_where_and_why(
        TunnelEndKind end, bool saysGoodbye, EdgeCondition expected)
    {
        Assert.Null(Presences.Find("a"));
        var start = _registry.Time.GetUtcNow();
        var (live, tunnel) = _registry.Connect("a", "one", remotePort: 7);
        Assert.Equal(EdgeCondition.Connected, Presences.Find("a")!.Condition);
        _registry.Time.Advance(TimeSpan.FromSeconds(30));
        if (saysGoodbye)
            ((IHubTunnelHandler)live).OnGoAway(tunnel, new GoAway(GoAway.Shutdown, 0));
        await tunnel.CloseAsync(new TunnelEnd(end, "in words"));

        var told = await _registry.Events.NextAsync<EdgeDisconnectedEvent>();
        Assert.Equal((expected, start, 7), (told.State, told.ConnectedSince, told.Remote?.Port));
        Assert.Equal(new EdgePresence(start, start.AddSeconds(30), "127.0.0.1:7", expected, "in words"), Presences.Find("a"));

        _registry.Connect("a", "two");
        await _registry.Events.NextAsync<EdgeConnectedEvent>();
        Assert.Equal(EdgeCondition.Connected, Presences.Find("a")!.Condition);
    }

    [Fact]
    public async Task One_that_comes_back_is_told_with_when_it_was_seen_before()
    {
        var (_, tunnel) = _registry.Connect("a", "one");
        Assert.Null((await _registry.Events.NextAsync<EdgeConnectedEvent>()).LastSeen);
        await tunnel.CloseAsync(new TunnelEnd(TunnelEndKind.Timeout, ""));
        var gone = await _registry.Events.NextAsync<EdgeDisconnectedEvent>();
        _registry.Time.Advance(TimeSpan.FromHours(3));
        _registry.Connect("a", "two");
        Assert.Equal(gone.Time, (await _registry.Events.NextAsync<EdgeConnectedEvent>()).LastSeen);
    }

    [Fact]
    public async Task A_disabled_one_and_a_removed_one_are_told_apart()
    {
        var (_, tunnel) = _registry.Connect("a", "one");
        _registry.Allowed.Change(TestRegistry.Edge("a", 80) with { Enabled = false });
        Assert.Contains("disabled", (await tunnel.EndAsync()).Detail, StringComparison.Ordinal);
        Assert.Equal(EdgeCondition.Disabled, (await _registry.Events.NextAsync<EdgeDisconnectedEvent>()).State);

        _registry.Allowed.Remove("a");
        Assert.Null(Presences.Find("a"));
    }

    [Fact]
    public async Task A_second_process_with_its_id_is_remembered()
    {
        _registry.Connect("a", "one", remotePort: 1);
        var newcomer = _registry.Connect("a", "two", remotePort: 2);
        await newcomer.Tunnel.EndAsync();
        Presences.Find("a", out var conflict, out _);
        Assert.Equal(("127.0.0.1:2", "two"), (conflict?.Remote, conflict?.Instance));
    }

    [Fact]
    public void What_is_written_down_is_taken_up_and_who_was_connected_has_not_come_back()
    {
        using var directory = new TemporaryDirectory();
        var file = new PresenceFile(directory.Path, new StateFiles(), NullLogger.Instance);
        var start = _registry.Time.GetUtcNow();
        using (var keeper = new PresenceKeeper(Presences, file, _ => true, _registry.Time))
        {
            keeper.Start();
            _registry.Connect("a", "one", remotePort: 7);
            _registry.Time.Advance(TimeSpan.FromMinutes(5));
        }

        var read = new EdgePresences(_registry.Time);
        using var next = new PresenceKeeper(read, file, id => id == "a", _registry.Time);
        var presence = read.Find("a")!;
        Assert.Equal(
            (start, start.AddMinutes(5), "127.0.0.1:7", EdgeCondition.HubRestart),
            (presence.ConnectedSince, presence.LastSeen, presence.Remote, presence.Condition));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(directory.File(PresenceFile.FileName)));

        var others = new EdgePresences(_registry.Time);
        using var without = new PresenceKeeper(others, file, _ => false, _registry.Time);
        Assert.Null(others.Find("a"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("""{"version":2,"edges":{}}""")]
    [InlineData("""{"version":1,"edges":{"a":null,"b":{}}}""")]
    public void A_damaged_file_is_no_reason_not_to_start(string content)
    {
        using var directory = new TemporaryDirectory();
        File.WriteAllText(directory.File(PresenceFile.FileName), content);
        Assert.Empty(new PresenceFile(directory.Path, new StateFiles(), NullLogger.Instance).Load());
    }
}
