using Tunnel.Hub.Edges.Presence;
using Tunnel.Hub.Status;
using Tunnel.Hub.Targets.Pools;
using Tunnel.Hub.Traffic;
using Tunnel.Hub.UnitTests.Cli;
using Tunnel.Shared.Protocol.Messages;

namespace Tunnel.Hub.UnitTests.Status;

/// <summary>Troubles are found and said in words; edges and ports are as well as their troubles allow.</summary>
public sealed class HubTroublesTests
{
    private static readonly DateTimeOffset Now = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void A_hub_of_which_all_is_well_has_none()
    {
        var status = Statuses.Hub(Statuses.Edge("up", EdgeCondition.Connected), Statuses.Edge("off", EdgeCondition.Disabled)) with
        {
            CertificateExpires = Now.AddDays(15),
            MemoryBudget = 100,
            MemoryUsed = 80,
            ConnectedEdges = [Statuses.Connected("up") with { Firewall = new FirewallReport { State = FirewallReport.Off } }],
            Ports = [Statuses.Port("up")],
            PortCertificates = [Certificate("/tls/ok.pem", Now.AddDays(60))],
        };
        Assert.Empty(HubTroubles.Find(status, Now));
    }

    [Fact]
    public void What_is_wrong_with_the_hub_itself_comes_before_its_edges()
    {
        var troubles = Find(Statuses.Hub(Statuses.Edge("gone", EdgeCondition.Network)) with
        {
            SharedState = new SharedStateStatus("PostgreSQL database tunnel at db", "It can't be used now: Connection refused."),
            CertificateExpires = Now.AddHours(-3),
            MemoryBudget = 100,
            MemoryUsed = 81,
        });
        Assert.Equal(
            [
                "Bad The database that hubs share can't be used", "Bad The hub's certificate ended 3 h ago",
                "Warn The memory budget is nearly used up", "Off gone is not at this hub",
            ],
            troubles.Select(Short));
        Assert.Equal(
            "It can't be used now: Connection refused. Edges and blocks are as last known, and changes are refused until it is back.",
            troubles[0].Detail);
        Assert.Equal("It may be at another hub that shares this state: look there.", troubles[3].Detail);
    }

    [Fact]
    public void What_hubs_that_share_their_state_dial_is_wrong_only_at_the_one_that_does()
    {
        var edge = Statuses.Edge("e", EdgeCondition.Network) with { DialAddress = "192.0.2.1:8443" };
        var shared = new SharedStateStatus("PostgreSQL database tunnel at db", null);
        var dialling = Statuses.Hub(edge with { DialFault = "connection refused" }) with { SharedState = shared };
        var standing = Statuses.Hub(edge with { DialledBy = "other:8443" }) with { SharedState = shared };
        Assert.Equal(["Bad e is down: network"], Find(dialling).Select(Short));
        var note = Assert.Single(Find(standing));
        Assert.Equal(("Off e is not at this hub", "other:8443 dials it, which shares this state."), (Short(note), note.Detail));
    }

    [Fact]
    public void The_list_says_of_an_edge_no_more_than_the_hub_knows()
    {
        var edge = Statuses.Edge("e", EdgeCondition.Network);
        Assert.Equal((Health.Bad, "network"), Of(edge, isShared: false));
        Assert.Equal((Health.Off, "not at this hub"), Of(edge, isShared: true));
        Assert.Equal((Health.Off, "not at this hub"), Of(Statuses.Edge("e", EdgeCondition.NeverSeen), isShared: true));
        Assert.Equal((Health.Off, "at another hub"), Of(edge with { DialledBy = "other:8443" }, isShared: true));
        Assert.Equal((Health.Bad, "network"), Of(edge with { DialFault = "connection refused" }, isShared: true));
        Assert.Equal((Health.Bad, "secret expired"), Of(Statuses.Edge("e", EdgeCondition.SecretExpired), isShared: true));

        static (Health Health, string Word) Of(AllowedEdgeStatus edge, bool isShared) => EdgeHealth.Of(edge, isShared, null, []);
    }

    [Fact]
    public void An_edge_that_is_connected_and_not_at_its_new_address_is_something_to_look_at()
    {
        var trouble = Assert.Single(Find(Statuses.Hub(Statuses.Edge("e", EdgeCondition.Connected) with
        {
            ConnectedSince = Now.AddHours(-1),
            DialAddress = "192.0.2.1:8443",
            DialFault = "connection refused",
        })));
        Assert.Equal("Warn e can't be dialled at its new address", Short(trouble));
        Assert.Equal("It keeps its tunnel until it can. The hub dials 192.0.2.1:8443: connection refused.", trouble.Detail);
    }

    [Fact]
    public void What_is_wrong_with_an_edge_at_every_hub_that_shares_the_state_is_said_at_each()
    {
        var attempt = new EdgeAttempt("192.0.2.9:1", Now.AddMinutes(-5));
        var troubles = Find(
            Statuses.Hub(
                Statuses.Edge("ended", EdgeCondition.SecretExpired) with { Refused = attempt },
                Statuses.Edge("away", EdgeCondition.Network) with { Refused = attempt }) with
            {
                SharedState = new SharedStateStatus("PostgreSQL database tunnel at db", null),
            });
        Assert.Equal(["Bad ended is down: secret expired", "Off away is not at this hub"], troubles.Select(Short));
        Assert.All(
            troubles,
            trouble => Assert.EndsWith(
                " Somebody with its id and no valid secret came from 192.0.2.9:1 5 min ago.", trouble.Detail, StringComparison.Ordinal));
    }

    [Fact]
    public void An_edge_that_is_away_tells_since_when_and_who_came_in_its_place()
    {
        var troubles = Find(Statuses.Hub(
            Statuses.Edge("gone", EdgeCondition.Network) with
            {
                LastSeen = Now.AddHours(-3),
                Remote = "192.0.2.7:4711",
                Detail = "nothing heard for 45 s",
                Refused = new EdgeAttempt("192.0.2.9:1", Now.AddMinutes(-5)),
            },
            Statuses.Edge("new", EdgeCondition.NeverSeen) with { DialAddress = "192.0.2.1:8443", DialFault = "connection refused" },
            Statuses.Edge("twice", EdgeCondition.Conflict) with { Conflict = new EdgeAttempt("192.0.2.8:1", Now.AddSeconds(-30)) },
            Statuses.Edge("back", EdgeCondition.HubRestart)));
        Assert.Equal(
            [
                "Bad gone is down: network", "Bad back is down: not back yet", "Warn new has never connected",
                "Warn twice is wanted by two processes"],
            troubles.Select(Short));
        Assert.Equal(
            "Last seen 3 h ago from 192.0.2.7:4711: nothing heard for 45 s. Somebody with its id and no valid secret came from "
                + "192.0.2.9:1 5 min ago.",
            troubles[0].Detail);
        Assert.Contains("The hub dials 192.0.2.1:8443: connection refused.", troubles[2].Detail, StringComparison.Ordinal);
        Assert.Equal("The other one came from 192.0.2.8:1 30 s ago: stop one.", troubles[3].Detail);
    }

    [Fact]
    public void A_connected_edge_tells_of_ports_firewall_connection_and_its_old_secret()
    {
        var troubles = Find(Statuses.Hub(Statuses.Edge("vps", EdgeCondition.Connected) with { OwnSecretEnds = Now.AddDays(1) }) with
        {
            ConnectedEdges =
            [
                Statuses.Connected("vps") with
                {
                    FailedPorts =
                    [
                        new FailedPort(80, "tcp", "address already in use"), new FailedPort(443, "tcp", "address already in use"),
                        new FailedPort(1000, "udp", "denied", 1999),
                    ],
                    Firewall = new FirewallReport { State = FirewallReport.RolledBack, Errors = ["the hub was cut off"] },
                    LostSince = Now.AddSeconds(-10),
                    ActiveStreams = 7,
                },
            ],
        });
        Assert.Equal(
            [
                "Bad vps can't listen on tcp/80,443", "Bad vps can't listen on udp/1000-1999", "Warn vps is connected with an old secret",
                "Warn vps has lost its connection", "Warn vps: its firewall is not in force",
            ],
            troubles.Select(Short));
        Assert.Equal("address already in use", troubles[0].Detail);
        Assert.Equal("For 10 s 7 streams have waited for another one.", troubles[3].Detail);
        Assert.Equal("rolledBack: the hub was cut off", troubles[4].Detail);
    }

    [Fact]
    public void A_port_tells_of_its_targets_and_of_how_it_is_addressed()
    {
        var troubles = Find(Statuses.Hub() with
        {
            Ports =
            [
                Statuses.Port("a") with { Healthy = false, Errors = Statuses.Counts("refused", 7) },
                Statuses.Port("b") with
                {
                    Targets = [Statuses.Target(TargetState.Up), Statuses.Target(TargetState.Down) with { Reason = "connection refused" }],
                },
                Statuses.Port("c") with { Doubt = "the target closes at once" },
                Statuses.Port("d") with { Admission = new AdmissionStatus { Rate = 5, MaxRate = 100, LatencyThresholdMs = 50 } },
                // The edge is away, as its own trouble says.
                Statuses.Port("e") with { Listening = false, Healthy = false },
            ],
        });
        Assert.Equal(
            [
                "Bad a tcp/443: the target can't be reached", "Warn b tcp/443: 1 of 2 targets get no clients",
                "Warn c tcp/443: PROXY header in doubt",
                "Warn d tcp/443: fewer new clients are let in than may be",
            ],
            troubles.Select(Short));
        Assert.Equal("Failed so far: refused 7.", troubles[0].Detail);
        Assert.Equal("10.0.0.5:443 down: connection refused", troubles[1].Detail);
    }

    [Fact]
    public void Certificates_and_authorizers_that_need_somebody_tell_what_to_do()
    {
        var troubles = Find(Statuses.Hub() with
        {
            PortCertificates =
            [
                Certificate("/tls/ok.pem", Now.AddDays(60)), Certificate("/tls/soon.pem", Now.AddDays(3)),
                Certificate("/tls/kept.pem", Now.AddDays(60)) with { Fault = "has no certificate in PEM", KeepsOld = true },
                Certificate("/tls/none.pem", null) with { Fault = "does not exist" },
            ],
            Authorizers =
            [
                new AuthorizerStatus
                {
                    EdgeId = "vps", Ports = "443", Url = "http://127.0.0.1:9000/authorize", Fault = "connection refused",
                    FaultSince = Now.AddMinutes(-5),
                },
            ],
        });
        Assert.Equal(
            [
                ("vps tcp/443: the certificate can't be used",
                    "/tls/none.pem (a.test): it does not exist. Clients who need it are reset or warned."),
                ("vps tcp/443: authorizeUrl gives no answer, and clients are refused",
                    "http://127.0.0.1:9000/authorize, for 5 min: connection refused"),
                ("vps tcp/443: the certificate ends in 3 d",
                    "/tls/soon.pem (a.test). Put a new one into the files; the hub takes it by itself."),
                ("vps tcp/443: the certificate has changed and can't be used",
                    "/tls/kept.pem (a.test): it has no certificate in PEM. What was there before is used."),
            ],
            troubles.Select(trouble => (trouble.Title, trouble.Detail)));
    }

    [Fact]
    public void An_edge_is_no_better_than_what_it_lacks()
    {
        var up = Statuses.Edge("vps", EdgeCondition.Connected);
        var live = Statuses.Connected("vps");
        Assert.Equal((Health.Good, "up"), Of(up, live, Statuses.Port("vps")));
        Assert.Equal(
            (Health.Bad, "target fails"), Of(up, live, Statuses.Port("vps"), Statuses.Port("vps") with { Healthy = false }));
        Assert.Equal((Health.Warn, "header in doubt"), Of(up, live, Statuses.Port("vps") with { Doubt = "…" }));
        Assert.Equal((Health.Bad, "ports missing"), Of(up, live with { FailedPorts = [new FailedPort(80, "tcp", "…")] }));
        Assert.Equal((Health.Warn, "no connection"), Of(up, live with { LostSince = Now }));
        Assert.Equal(
            (Health.Warn, "no firewall"),
            Of(up, live with { Firewall = new FirewallReport { State = FirewallReport.Unavailable } }));
        Assert.All(Enum.GetValues<EdgeCondition>(), condition => Assert.NotEmpty(Of(Statuses.Edge("vps", condition), null).Word));

        static (Health Health, string Word) Of(AllowedEdgeStatus edge, ConnectedEdgeStatus? live, params PortStatus[] ports) =>
            EdgeHealth.Of(edge, isShared: false, live, ports);
    }

    private static Trouble[] Find(HubStatus status) => [.. HubTroubles.Find(status, Now)];

    private static string Short(Trouble trouble) => $"{trouble.Health} {trouble.Title}";

    private static PortCertificateStatus Certificate(string path, DateTimeOffset? expires) =>
        new() { EdgeId = "vps", Ports = "443", Path = path, Names = ["a.test"], Expires = expires };
}
