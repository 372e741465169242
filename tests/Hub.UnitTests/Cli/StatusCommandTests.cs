using Tunnel.Hub.Cli;
using Tunnel.Hub.Edges.Presence;
using Tunnel.Hub.Status;
using Tunnel.Shared.Text;

namespace Tunnel.Hub.UnitTests.Cli;

/// <summary>An edge that is down is seen at a glance.</summary>
public sealed class StatusCommandTests
{
    private static readonly DateTimeOffset Now = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task Every_edge_has_a_row_and_one_that_is_down_a_line_with_when_from_where_and_why()
    {
        var lines = await PrintAsync(Statuses.Hub(
            Statuses.Edge(
                "gone",
                EdgeCondition.Network) with
            { LastSeen = Now.AddHours(-3), Remote = "192.0.2.7:4711", Detail = "nothing heard for 45 s" },
            Statuses.Edge("new", EdgeCondition.NeverSeen)));
        Assert.EndsWith("0 of 2 edges connected", lines[0], StringComparison.Ordinal);
        Assert.StartsWith("EDGE  STATE          SINCE  FROM            TRANSPORT", lines[1], StringComparison.Ordinal);
        Assert.StartsWith("gone  DOWN: network  3 h    192.0.2.7:4711  -", lines[2], StringComparison.Ordinal);
        Assert.StartsWith("new   never seen     -      -               -", lines[3], StringComparison.Ordinal);
        Assert.Equal(
            "gone was last seen at 2026-05-01T09:00:00Z, 3 h ago, from 192.0.2.7:4711: nothing heard for 45 s", Assert.Single(lines[4..]));
    }

    [Fact]
    public async Task An_edge_that_may_be_at_another_hub_is_not_down_and_one_that_can_not_be_dialled_says_why()
    {
        var shared = new SharedStateStatus("PostgreSQL database tunnel at db", null);
        var away = Statuses.Edge("away", EdgeCondition.Network);
        var dialled = Statuses.Edge("mine", EdgeCondition.Network) with
        {
            DialAddress = "192.0.2.1:8443",
            DialFault = "connection refused",
        };
        var lines = await PrintAsync(Statuses.Hub(away, dialled) with { SharedState = shared });
        Assert.StartsWith("away  not here       -", lines[2], StringComparison.Ordinal);
        Assert.StartsWith("mine  DOWN: network  -", lines[3], StringComparison.Ordinal);
        Assert.Equal("mine can't be dialled at 192.0.2.1:8443: connection refused", lines[4]);
    }

    [Fact]
    public async Task Secrets_that_end_refused_tries_and_conflicts_are_said()
    {
        var lines = await PrintAsync(Statuses.Hub(
            Statuses.Edge(
                "old",
                EdgeCondition.Connected) with
            {
                ConnectedSince = Now,
                Secrets = 2,
                SecretsEnd = [Now.AddHours(23)],
                OwnSecretEnds = Now.AddHours(23)
            },
            Statuses.Edge(
                "two",
                EdgeCondition.Conflict) with
            {
                ConnectedSince = Now,
                Secrets = 3,
                SecretsEnd = [Now.AddMinutes(5), Now.AddDays(3)],
                Conflict = new EdgeAttempt("192.0.2.9:1", Now.AddSeconds(-5))
            },
            Statuses.Edge(
                "wrong",
                EdgeCondition.SecretExpired) with
            {
                LastSeen = Now,
                Remote = "192.0.2.7:1",
                Refused = new EdgeAttempt("192.0.2.7:2", Now.AddSeconds(-9))
            }));
        Assert.Contains("old is connected with an old secret, which ends in 23 h, and its tunnels with it: it needs its new token, "
            + "unless rotate-secret --push has given it the secret", lines);
        Assert.Contains("two is wanted by another process too, from 192.0.2.9:1, 5 s ago: stop one of the two", lines);
        Assert.Contains("two has 3 secrets: 2 older ones end in 3 d", lines);
        Assert.Contains("wrong needs a new token: tunnel-hub edge token wrong", lines);
        Assert.Contains("wrong was refused 9 s ago from 192.0.2.7:2: no valid secret", lines);
    }

    [Fact]
    public async Task Certificates_of_ports_are_said_when_they_end_soon_or_can_not_be_used()
    {
        var good =
            new PortCertificateStatus { EdgeId = "vps", Ports = "443", Path = "/good.pem", Names = ["a.test"], Expires = Now.AddDays(15) };
        var lines = await PrintAsync(Statuses.Hub() with
        {
            PortCertificates = [
                good, good with { Path = "/soon.pem", Expires = Now.AddDays(13) },
                good with { Path = "/over.pem", Expires = Now.AddDays(-3) }],
        });
        Assert.Equal(
            ["vps tcp/443: /soon.pem for a.test ends in 13 d", "FAILED vps tcp/443: /over.pem for a.test ended 3 d ago"], lines[1..]);
    }

    private static async Task<string[]> PrintAsync(HubStatus status)
    {
        using var output = new StringWriter { NewLine = "\n" };
        await StatusCommand.PrintAsync(output, Terminal.None, status, Now);
        return output.ToString().TrimEnd('\n').Split('\n');
    }
}
