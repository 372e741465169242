using System.Collections.Immutable;
using System.Net;
using Tunnel.Hub.Certificates;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Shared.Configuration;
using Tunnel.Shared.Hosting.Logging;
using Tunnel.Shared.Observability;
using Tunnel.Shared.Operator;
using Tunnel.Shared.Protocol.Addresses;
using Tunnel.Shared.Protocol.Tokens;

namespace Tunnel.Hub.Configuration;

/// <summary>
/// Reads the hub's settings from appsettings.json, the hub's file, the environment and the command line; each overrides the one before.
/// </summary>
internal static class TunnelHubOptionsReader
{
    /// <summary>Returns the sources of the settings.</summary>
    /// <param name="file">The file that <c>--config</c> names, or null for the usual one.</param>
    /// <param name="commandLine">The settings given as options, by their names in JSON.</param>
    public static ConfigurationSources Sources(string? file, IReadOnlyDictionary<string, string?> commandLine) => new()
    {
        DefaultFile = HubPaths.ConfigFile,
        File = file,
        EnvironmentPrefix = "TUNNEL_HUB__",
        CommandLine = commandLine,
    };

    /// <summary>Reads and validates the settings.</summary>
    /// <exception cref="ConfigurationException">A setting is wrong; the exception lists every error.</exception>
    public static TunnelHubOptions Read(ConfigurationSources sources)
    {
        var configuration = LayeredConfiguration.Load(sources);
        var defaults = new TunnelHubOptions();
        var unreadable = new FaultList();
        var flowControl = configuration.FlowControl();
        var limits = ReadLimits(configuration, defaults.Limits) with { MemoryBudget = flowControl.MemoryBudget };
        var tunnelPort = (int)Number(configuration, "tunnelPort", defaults.TunnelPort, SettingRange.TunnelPort);
        var options = new TunnelHubOptions
        {
            TunnelPort = tunnelPort,
            Quic = configuration.Boolean("quic", defaults.Quic),
            BindAddress = configuration.Text("bindAddress", defaults.BindAddress)!,
            Proxy = configuration.Proxy("proxy", sources),
            TargetHost = configuration.Text("targetHost", defaults.TargetHost)!,
            TargetAllowCidrs =
                AddressListSetting.Read(configuration, "targetAllowCidrs") is { IsEmpty: false } allowed ? new CidrSet(allowed) : null,
            DefaultProxyProtocol = configuration.Enum("defaultProxyProtocol", defaults.DefaultProxyProtocol),
            PublicHost = configuration.Text("publicHost"),
            Hubs = Hubs(configuration, tunnelPort),
            StateDir = StateDir(configuration),
            State = configuration.SecretOrFile("state", "stateFile") is { } state ? new DatabaseOptions(state) : null,
            AdminSocket = AdminSocket(configuration),
            AdminOnTunnelPort = configuration.Boolean("adminOnTunnelPort", defaults.AdminOnTunnelPort),
            AdminListen = configuration.Text("adminListen"),
            AdminAllowCidrs = Networks(configuration, "adminAllowCidrs"),
            Log = LogOptions.Read(configuration),
            Otlp = configuration.Otlp(),
            Tls = new TlsOptions
            {
                CertPem = Pem(configuration, "tls.certPem"),
                KeyPem = Pem(configuration, "tls.keyPem"),
            },
            Edges = new EdgeDefinitionReader(unreadable).ReadSet(configuration.FindJson("edges"), "edges", limits.Edges),
            DrainTimeout = Duration(configuration, "drainTimeout", defaults.DrainTimeout, SettingRange.DrainTimeout),
            ResumeGrace = Duration(configuration, "resumeGrace", defaults.ResumeGrace, SettingRange.ResumeGrace),
            CongestionControl = configuration.Text("congestionControl", defaults.CongestionControl)!,
            NeverBlock = AddressListSetting.Read(configuration, "neverBlock"),
            Limits = limits,
            Windows = flowControl,
        };
        Validate(options, unreadable.ToImmutable(), configuration);
        configuration.Finish();
        return options;
    }

    /// <summary>Returns the admin socket of a hub that may be running with these settings.</summary>
    public static string RunningAdminSocket(LayeredConfiguration configuration) =>
        configuration.FilePath("adminSocket") ?? HubPaths.Usual.RunningAdminSocket(StateDir(configuration));

    /// <summary>
    /// Returns the state directory that <c>run</c> would use with the usual file and the environment; faults in other settings don't
    /// matter.
    /// </summary>
    public static string UsualStateDir() => StateDir(LayeredConfiguration.Load(Sources(null, new Dictionary<string, string?>())));

    private static string AdminSocket(LayeredConfiguration configuration) =>
        configuration.FilePath("adminSocket") ?? HubPaths.Usual.AdminSocket(StateDir(configuration));

    private static string StateDir(LayeredConfiguration configuration) =>
        configuration.FilePath("stateDir", HubPaths.Usual.StateDirectory)!;

    // The validator does not know the sources, which the operator needs to know; they are added here.
    private static void Validate(TunnelHubOptions options, ImmutableArray<Fault> unreadable, LayeredConfiguration configuration)
    {
        var errors = new ConfigurationErrors();
        TunnelHubOptionsValidator.Validate(options with { Edges = [] }, errors);
        foreach (var error in errors)
            configuration.Errors.Add(error with { Source = configuration.Find(error.Setting)?.Source });
        foreach (var fault in Fault.Merge(unreadable, TunnelHubOptionsValidator.ValidateEdges(options)))
            configuration.Errors.Add(fault.Path, fault.Value, fault.Message);
    }

    private static HubLimits ReadLimits(LayeredConfiguration configuration, HubLimits defaults) => new()
    {
        Unauthenticated = (int)Number(configuration, "limits.unauthenticated", defaults.Unauthenticated, SettingRange.Connections),
        PerAddress = (int)Number(configuration, "limits.perAddress", defaults.PerAddress, SettingRange.Connections),
        AuthTimeout = Duration(configuration, "limits.authTimeout", defaults.AuthTimeout, SettingRange.AuthTimeout),
        FailedTriesPerMinute = (int)Number(configuration, "limits.failedTriesPerMinute", defaults.FailedTriesPerMinute, SettingRange.Tries),
        Edges = (int)Number(configuration, "limits.edges", defaults.Edges, SettingRange.Edges),
        StreamsPerEdge = (int)Number(configuration, "limits.streamsPerEdge", defaults.StreamsPerEdge, SettingRange.Streams),
        LanesPerTunnel = (int)Number(configuration, "limits.lanesPerTunnel", defaults.LanesPerTunnel, SettingRange.Lanes),
    };

    private static long Number(LayeredConfiguration configuration, string name, long missing, SettingRange range) =>
        configuration.Number(name, missing, range.Least, range.Most, range.Unit);

    private static ImmutableArray<IPNetwork> Networks(LayeredConfiguration configuration, string name)
    {
        if (configuration.Words(name) is not { } setting)
            return [];
        var networks = ImmutableArray.CreateBuilder<IPNetwork>();
        foreach (var text in setting.Value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (AllowedAddresses.TryParse(text, out var network, out var error))
                networks.Add(network);
            else
                configuration.Errors.Add(name, text, error, setting.Source);
        }

        return networks.ToImmutable();
    }

    private static ImmutableArray<HubAddress> Hubs(LayeredConfiguration configuration, int port)
    {
        if (configuration.Words("hubs") is not { } setting)
            return [];
        var faults = HubAddress.ParseList(setting.Value, port, out var hubs);
        foreach (var (part, fault) in faults)
            configuration.Errors.Add("hubs", part, fault, setting.Source);
        return hubs;
    }

    // Paths become absolute.
    private static PemSource? Pem(LayeredConfiguration configuration, string name) =>
        PemSource.FromString(configuration.Text(name)) is { IsText: true } text ? text : configuration.FilePath(name);

    private static TimeSpan Duration(LayeredConfiguration configuration, string name, TimeSpan missing, SettingRange range) =>
        configuration.Duration(name, missing, range.Least, range.Most);
}
