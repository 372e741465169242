using System.Net;
using Tunnel.Hub.Edges.Allowed;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Shared.Protocol;
using Tunnel.Shared.Protocol.Addresses;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport;

namespace Tunnel.Hub.Edges.Live;

/// <summary>
/// One authenticated tunnel and what the hub knows of it. Passes the tunnel's callbacks to the registry and the forwarder.
/// </summary>
internal sealed class EdgeTunnel : IHubTunnelHandler
{
    private readonly LiveEdges _registry;
    private readonly ITunnelForwarder _forwarder;
    private readonly TaskCompletionSource _left = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile AssignedPorts _ports;

    public EdgeTunnel(
        LiveEdges registry, ITunnelForwarder forwarder, AllowedEdge edge, Guid secretId, IPEndPoint remote, TunnelConfig config,
        DateTimeOffset since)
    {
        _registry = registry;
        _forwarder = forwarder;
        _ports = AssignedPorts.Of(edge);
        Edge = edge;
        SecretId = secretId;
        Remote = remote;
        Config = config;
        Since = since;
        Key = TunnelKey.Of(config.Hub?.TunnelId ?? "");
    }

    /// <summary>The edge as it was when the tunnel was last informed.</summary>
    public AllowedEdge Edge { get; private set; }

    public string EdgeId => Edge.Id;

    /// <summary>The id of the edge's secret that let its present connection in, or that was renewed over it.</summary>
    public Guid SecretId { get; set; }

    /// <summary>Where its present connection comes from.</summary>
    public IPEndPoint Remote { get; private set; }

    public DateTimeOffset Since { get; }

    public string TunnelId => Config.Hub!.TunnelId;

    /// <summary>The key that the ids of its connections have in common.</summary>
    public TunnelKey Key { get; }

    /// <summary>The configuration that was last sent to it; changed under the registry's lock.</summary>
    public TunnelConfig Config { get; private set; }

    /// <summary>The version of the blocks in its first configuration.</summary>
    public long BlocksVersion { get; init; }

    /// <summary>The transport's tunnel; null until <see cref="LiveEdges.Begin"/>.</summary>
    public ITunnel? Tunnel { get; set; }

    /// <summary>The process of the edge; <see cref="TunnelIdentity.Unknown"/> before HELLO and for a base peer.</summary>
    public TunnelIdentity Identity => Hello is { } hello ? TunnelIdentity.Of(hello) : TunnelIdentity.Unknown;

    public Hello? Hello { get; private set; }

    /// <summary>The public address that the edge reports, IPv4 if it has one; null when it does not know.</summary>
    public string? PublicIp { get; private set; }

    /// <summary>The public IPv6 address that the edge reports; null when it does not know.</summary>
    public string? PublicIpv6 { get; private set; }

    /// <summary>The last report about its ports; null before the first.</summary>
    public Report? PortReport { get; private set; }

    /// <summary>
    /// The clock's timestamp when the last configuration was pushed; 0 after it was applied, or when none was pushed. It is a field
    /// because <see cref="ConfigPushes"/> exchanges it from several threads.
    /// </summary>
    public long PushedAt;

    /// <summary>The last report about its firewall; null when there was none.</summary>
    public FirewallReport? FirewallReport { get; private set; }

    /// <summary>Completes when the edge has said that it opens nothing more here, or when the tunnel has ended.</summary>
    public Task Left => Task.WhenAny(_left.Task, Tunnel!.Completion);

    /// <summary>True when new streams go elsewhere; changed under the registry's lock.</summary>
    public bool IsDraining { get; set; }

    /// <summary>True when it is being ended because the edge has too many tunnels; changed under the registry's lock.</summary>
    public bool IsCrowdedOut { get; set; }

    /// <summary>All tunnels of its edge, including itself; null until <see cref="LiveEdges.Begin"/>.</summary>
    public EdgeSlot? Slot { get; set; }

    /// <summary>The number of streams open now: over all tunnels of the edge, and those of lost tunnels that wait for another.</summary>
    public int StreamsOfEdge => (Slot?.ActiveStreams ?? Tunnel!.ActiveStreams) + _registry.Moves.WaitingOf(EdgeId);

    /// <summary>The number of UDP sessions open now, over all tunnels of the edge.</summary>
    public int SessionsOfEdge => Slot?.ActiveSessions ?? Tunnel!.ActiveSessions;

    /// <summary>True when its place among its rivals is settled or being settled; changed under the registry's lock.</summary>
    public bool IsElected { get; set; }

    /// <summary>
    /// True after it was reported as a tunnel. Before that it may turn out to be a lane, which is not reported. Changed under the
    /// registry's lock.
    /// </summary>
    public bool IsAnnounced { get; set; }

    /// <summary>The tunnel that it is a lane of. The read loop sets it with HELLO, before which nothing else arrives.</summary>
    public EdgeTunnel? JoinedTo { get; set; }

    /// <summary>
    /// True while it is not known whether its connection takes a lost one's place or is a tunnel of its own. Changed under the registry's
    /// lock.
    /// </summary>
    public bool IsResuming { get; set; }

    /// <summary>Since when it has had no connection; null while it has one.</summary>
    public DateTimeOffset? LostSince { get; set; }

    /// <summary>The tunnel over which a stream of this one went on last; null when none did.</summary>
    public EdgeTunnel? MovedTo { get; set; }

    /// <summary>Notes that it goes on over the connection that another one came with. Called under the registry's lock.</summary>
    public void TakeConnectionOf(EdgeTunnel other) => (Remote, SecretId, LostSince) = (other.Remote, other.SecretId, null);

    /// <summary>Returns the policy of one of its ports, or null when it may not use the port.</summary>
    public PortPolicy? FindPort(bool udp, int port, DateTimeOffset now) => _ports.Find(udp, port, now);

    /// <summary>Takes over a changed edge and its configuration.</summary>
    public void ChangeTo(AllowedEdge edge, TunnelConfig config, DateTimeOffset now, TimeSpan drain)
    {
        _ports = _ports.ChangeTo(edge, now, now + drain);
        Edge = edge;
        Config = config;
    }

    /// <summary>
    /// Tells an edge that was told to wait that this tunnel is now the one that counts. Called under the registry's lock, after the
    /// tunnel is started.
    /// </summary>
    public void Settle()
    {
        if (Config.Hub is not { Contested: true } hub)
            return;
        Config = Config with { Hub = hub with { Rev = hub.Rev + 1, Contested = false } };
        Tunnel!.SendConfig(Config);
    }

    /// <summary>Sends the edge another secret once; no later configuration contains it. Called under the registry's lock.</summary>
    /// <returns>The revision that the edge's answer names.</returns>
    public long SendSecret(string secret)
    {
        var hub = Config.Hub! with { Rev = Config.Hub!.Rev + 1 };
        Config = Config with { Hub = hub };
        Tunnel!.SendConfig(Config with { Hub = hub with { Secret = secret } });
        return hub.Rev;
    }

    /// <summary>Notes that the edge opens nothing more here.</summary>
    public void NoteLeft() => _left.TrySetResult();

    void ITunnelHandler.OnGoAway(ITunnel tunnel, GoAway goAway)
    {
        // On a further lane this means nothing, and neither does a report.
        if (JoinedTo is null)
            _registry.OnGoAway(this);
    }

    bool IHubTunnelHandler.WatchesEdge => Edge.DialTarget is not null;

    // The edge finds out by itself what is wrong with a further lane only.
    void ITunnelHandler.OnDoubt(ITunnel tunnel)
    {
        if (JoinedTo is null)
            _registry.Dials.OnLess(EdgeId);
    }

    bool ITunnelHandler.OnLost(ITunnel tunnel, TunnelEnd cause) => _registry.OnLost(this, cause);

    void ITunnelHandler.OnResumed(ITunnel tunnel, in TunnelResumed resumed) => _registry.OnResumed(this, tunnel.RemoteEndPoint, resumed);

    void IHubTunnelHandler.OnHello(ITunnel tunnel, Hello hello)
    {
        Hello = hello;
        if (hello.Lane is null)
            NotePublicAddress(hello.PublicIp, hello.PublicIpv6);

        // A lane too: it goes on by its own name when its connection was lost.
        _registry.Moves.Note(this);
        if (hello.Resume is { } resume)
            _registry.OnResume(this, tunnel, resume);
        else
            _registry.OnIntroduced(this, tunnel);
    }

    void IHubTunnelHandler.OnReport(ITunnel tunnel, Report report)
    {
        if (JoinedTo is not null)
            return;
        switch (report.Kind)
        {
            case Report.ConfigApplied:
                PortReport = report;
                _registry.Reports.OnPorts(this, report);
                break;
            case Report.Firewall when report.FirewallState is { } firewall:
                FirewallReport = firewall with { Drift = firewall.Drift ?? FirewallReport?.Drift };
                _registry.Reports.OnFirewall(this, report.Rev, firewall);
                break;
            case Report.PublicAddress:
                NotePublicAddress(report.PublicIp, report.PublicIpv6);
                break;
            case Report.Kept when report.KeptRenewals is { } kept:
                _registry.OnKept(this, report.Rev, kept);
                break;
            case Report.WantLanes when report.Lanes is > 0 and var count:
                _registry.Dials.OnWanted(EdgeId, count);
                break;
            case Report.Blocked when report.BlockedClients is { } blocked:
                _forwarder.OnBlocked(this, blocked);
                break;
        }
    }

    void IHubTunnelHandler.OnStreamOpened(ITunnel tunnel, ITunnelStream stream, in StreamOpening opening)
    {
        ElectBasePeer();
        if (opening.Move is { } move)
            _registry.Moves.Take(this, tunnel, stream, move);
        else
            _forwarder.OnStreamOpened(JoinedTo ?? this, stream, opening);
    }

    IDatagramSink? IHubTunnelHandler.OnSessionOpened(ITunnel tunnel, ITunnelSession session, in StreamOpening opening)
    {
        ElectBasePeer();
        return _forwarder.OnSessionOpened(JoinedTo ?? this, session, opening);
    }

    // Only a valid address is kept: other text of the peer's would appear on an operator's terminal.
    private void NotePublicAddress(string? address, string? ipv6)
    {
        var before = PublicIp;
        PublicIp = HostSyntax.TryParseAddress(address, out var parsed) ? parsed.ToString() : null;
        PublicIpv6 = HostSyntax.TryParseAddress(ipv6, out parsed) ? parsed.ToString() : null;
        if (PublicIp is { } found && found != before)
            _registry.Reports.OnPublicAddress(this, found);
    }

    // HELLO would have come first, so a peer that opens something without it is a base peer.
    private void ElectBasePeer()
    {
        if (Hello is null && !IsElected)
            _registry.OnIdentified(this);
    }
}
