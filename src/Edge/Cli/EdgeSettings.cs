using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Net;
using Tunnel.Edge.Configuration;
using Tunnel.Shared.Configuration;
using Tunnel.Shared.Hosting.Logging;
using Tunnel.Shared.Observability;
using Tunnel.Shared.Protocol.Addresses;
using Tunnel.Shared.Protocol.Tokens;
using Tunnel.Shared.Transport;

namespace Tunnel.Edge.Cli;

/// <summary>The settings of <c>tunnel-edge run</c>, read from all sources and checked.</summary>
/// <param name="Edge">What the edge does.</param>
/// <param name="AdminSocket">The path of the admin socket.</param>
/// <param name="MetricsListen">Where metrics are answered over TCP; null means nowhere.</param>
/// <param name="Log">What is logged, and how.</param>
/// <param name="Otlp">Where metrics are pushed to; null means nowhere.</param>
internal sealed record EdgeSettings(
    TunnelEdgeOptions Edge, string AdminSocket, IPEndPoint? MetricsListen, LogOptions Log, OtlpOptions? Otlp)
{
    public const string EnvironmentPrefix = "TUNNEL_EDGE__";

    /// <summary>The default port of STUN (RFC 8489 section 18.6).</summary>
    private const int DefaultStunPort = 3478;

    /// <summary>The servers that are asked for the public address when none is configured: anycast, so one is near everywhere.</summary>
    internal static readonly ImmutableArray<DnsEndPoint> DefaultStunServers = [new("stun.cloudflare.com", DefaultStunPort)];

    private const int MostSeconds = 86_400;
    private const int MostSessions = 1_000_000;
    private const int MostHeld = 65_536;
    private const int MostHoldSeconds = 300;
    private const int MostGraceSeconds = 3_600;

    private static readonly TunnelEdgeOptions Defaults = new() { HubHost = "", EdgeId = "", Secret = "" };

    /// <summary>The settings that take effect while the edge runs when the file changes.</summary>
    public static readonly FrozenSet<string> Live = [.. LogOptions.Settings, .. OtlpSettings.Settings, "allowPorts", "protectedPorts"];

    /// <summary>Reads and checks all settings.</summary>
    /// <exception cref="ConfigurationException">At least one setting is wrong; the exception has all errors.</exception>
    public static EdgeSettings Load(ConfigurationSources sources)
    {
        var configuration = LayeredConfiguration.Load(sources);
        var hub = HubCredentials.Read(configuration);
        var allowed = configuration.PortNumbers("allowPorts");
        var edge = new TunnelEdgeOptions
        {
            HubHost = hub.Host,
            HubPort = hub.Port,
            EdgeId = hub.EdgeId,
            Secret = hub.Secret,
            Pins = hub.Pins,
            HubDials = hub.HubDials,
            Hubs = HubCredentials.ReadFurther(configuration, hub.Port) ?? (hub.Further.IsDefault ? [] : hub.Further),
            Prefer = configuration.Enum("prefer", Defaults.Prefer),
            DialAllowCidrs =
                AddressListSetting.Read(configuration, "dialAllowCidrs") is { IsEmpty: false } dialers ? new CidrSet(dialers) : null,
            Transport = configuration.Word("transport", hub.Transport ?? TransportMode.TcpTls, TransportModes.Words),
            Proxy = configuration.Proxy("proxy", sources),
            Lanes = configuration.Integer("lanes", 2, 1, LaneOptions.Limit),
            CongestionControl =
                configuration.Word("congestionControl", CongestionControl.Default, CongestionControl.IsValid, CongestionControl.Valid),
            InsecureSkipVerify = configuration.Boolean("insecureSkipVerify", false),
            TakeOver = configuration.Boolean("takeOver", false),
            BindAddress = configuration.Address("bindAddress", IPAddress.IPv6Any),
            AllowPorts = allowed,
            ProtectedPorts = configuration.PortNumbers("protectedPorts") ?? [22],
            StunServers = configuration.Servers("stunServers", DefaultStunPort, DefaultStunServers),
            Firewall = configuration.Enum("firewall", FirewallMode.Full),
            StateDirectory = StateDirectory(configuration),
            DrainTimeout = configuration.Duration("drainTimeout", Defaults.DrainTimeout, 0, MostSeconds),
            HoldClients = configuration.Integer("holdClients", Defaults.HoldClients, 0, MostHeld),
            HoldTime = configuration.Duration("holdTime", Defaults.HoldTime, 0, MostHoldSeconds),
            ResumeGrace = configuration.Duration("resumeGrace", Defaults.ResumeGrace, 0, MostGraceSeconds),
            MaxUdpSessions = configuration.Integer("limits.udpSessions", Defaults.MaxUdpSessions, 1, MostSessions),
            MaxUdpSessionsPerAddress =
                configuration.Integer("limits.udpSessionsPerAddress", Defaults.MaxUdpSessionsPerAddress, 1, MostSessions),
            UdpIdleTimeout = configuration.Duration("udpIdleTimeout", Defaults.UdpIdleTimeout, 1, MostSeconds),
            FlowControl = configuration.FlowControl(),
        };
        var settings = new EdgeSettings(
            edge,
            configuration.FilePath("adminSocket", EdgePaths.Usual.AdminSocket(edge.StateDirectory!))!,
            Cli.MetricsListen.Read(configuration),
            LogOptions.Read(configuration),
            configuration.Otlp());
        if (edge is { HubDials: true, Hubs.IsEmpty: false })
            configuration.Errors.Add("hubs", string.Join(',', edge.Hubs), "must be empty: only one hub can dial an edge");
        FlowControlSettings.Check(edge.FlowControl, configuration.Errors, configuration);
        configuration.Finish();
        return settings;
    }

    /// <summary>
    /// Returns the admin socket of an edge that may be running: where <c>run</c> would put it with the same file and environment.
    /// </summary>
    public static string RunningAdminSocket(ConfigurationSources sources)
    {
        // Errors in the settings are for the service to report, so they are ignored here.
        var configuration = LayeredConfiguration.Load(sources);
        return configuration.FilePath("adminSocket") ?? EdgePaths.Usual.RunningAdminSocket(StateDirectory(configuration));
    }

    private static string StateDirectory(LayeredConfiguration configuration) =>
        configuration.FilePath("stateDir", EdgePaths.Usual.StateDirectory)!;
}
