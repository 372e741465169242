using System.CommandLine;
using Tunnel.Edge.Admin;
using Tunnel.Edge.Observability;
using Tunnel.Edge.Status;
using Tunnel.Shared.Configuration;
using Tunnel.Shared.Hosting;
using Tunnel.Shared.Hosting.Logging;
using Tunnel.Shared.Hosting.Replacing;
using Tunnel.Shared.Observability;
using Tunnel.Shared.Operator;
using Tunnel.Shared.Text;

namespace Tunnel.Edge.Cli;

/// <summary><c>tunnel-edge run</c>: runs the service in the foreground.</summary>
internal static class RunCommand
{
    private static readonly Option<string?> Config = new("--config")
    {
        Description = $"JSON file with the settings [default: {EdgePaths.ConfigFile}, if it exists]",
        HelpName = "FILE",
    };

    private static readonly TimeSpan ConfigurationLimit = TimeSpan.FromSeconds(10);

    private static readonly Option<bool> TakeOverOption = new("--take-over")
    {
        Description = "Take this edge's id from another process that is connected with it, which gets no new clients then; without it "
            + "this one waits until the other has ended. One that serves the same admin socket hands over its ports too, so that no "
            + "client notices",
    };

    /// <summary>
    /// The options, each with the setting that it stands for. All are text, because the configuration's reader reports every error at once.
    /// </summary>
    private static readonly (string Setting, Option<string?> Option)[] Settings =
    [
        Setting("token", "T", "The token that the hub printed. Everybody on this machine can see a command line: --token-file is safer"),
        Setting("tokenFile", "F", "A file with the token"),
        Setting("hubHost", "H", "The hub's host name or address; instead of a token, with --edge-id and --secret-file"),
        Setting("hubPort", "P", "The hub's tunnel port [default: 8443]"),
        Setting("edgeId", "E", "This edge's id at the hub"),
        Setting("secretFile", "F", "A file with this edge's secret"),
        Setting("pins", "PIN", "Pins of the hub's certificate, separated by commas; without them the system's trust store decides"),
        Setting(
            "hubs", "LIST",
            "Further hubs that this edge is connected with at the same time, such as hub2.example.com,192.0.2.7:8443; #PIN behind one "
                + "where its certificate is not the first hub's [default: what the token says, else none]"),
        Setting(
            "prefer", "WORD",
            "Which hub gets a new client: load, the one with the least, or order, the first that answers [default: load]"),
        Setting("bindAddress", "A", "Where ports are bound [default: ::, which is IPv4 and IPv6]"),
        Setting("transport", "T", "How the hub is reached: tcpTls, quic or quicWithFallback [default: what the token says, else tcpTls]"),
        Setting(
            "proxy", "URL",
            "Proxy that the hub is reached through: http://HOST:PORT or socks5://HOST:PORT, or none; with a user and a password, give "
            + "it in the file or the environment [default: what HTTPS_PROXY says, but for the hosts of NO_PROXY]"),
        Setting(
            "lanes", "N",
            "TLS connections that the tunnel may have, so that what is interactive need not wait behind bulk: 1 to 8 [default: 2]"),
        Setting(
            "dialAllowCidrs", "LIST",
            "Who may come to the port at which the hub is awaited, where the hub dials, such as 192.0.2.7,198.51.100.0/24 [default: all]"),
        Setting(
            "congestionControl", "C",
            "Congestion control of the tunnel: the kernel's name of it, or system for the kernel's own choice [default: bbr]"),
        Setting("allowPorts", "LIST", "Ports that the hub may have bound here, such as 80,443,8000-8010 [default: all but the protected]"),
        Setting("protectedPorts", "LIST", "Ports that are never bound, and never blocked [default: 22]"),
        Setting("firewall", "MODE", "What the hub may do to this machine's packet filter: full, blockOnly or off [default: full]"),
        Setting(
            "stunServers", "LIST",
            "STUN servers that are asked for this machine's public address, such as stun.example.com:3478,192.0.2.1; [] for none "
            + "[default: stun.cloudflare.com:3478]"),
        Setting("adminSocket", "PATH", "The Unix socket for tunnel-edge status"),
        Setting(
            "metricsListen", "[A:]PORT",
            "Where /metrics and /healthz are answered over TCP, without a key: a port of 127.0.0.1, or ADDRESS:PORT [default: nowhere]"),
        Setting("stateDir", "DIR", "Where state is kept"),
        Setting("logLevel", "L", "trace, debug, information, warning, error, critical or none [default: information]"),
        Setting("logFormat", "F", "console or json [default: console]"),
        Setting("holdClients", "N", "New TCP clients that may wait while there is no tunnel; 0: they are reset at once [default: 1024]"),
        Setting("holdTime", "TIME", "How long a new client may wait for a tunnel before it is reset, such as 5s [default: 5s]"),
        Setting(
            "resumeGrace", "TIME",
            "How long open connections wait for the hub when the tunnel's connection is lost; 0: not at all [default: 60s]"),
        Setting("drainTimeout", "TIME", "How long open connections may go on when the edge stops, such as 30s or 5m [default: 30s]"),
    ];

    public static Command Create()
    {
        var command = new Command(
            "run", "Run the edge in the foreground. Settings also come from the configuration file and from TUNNEL_EDGE__… variables.");
        AddSettings(command);
        command.SetAction((parsed, _) => RunAsync(parsed));
        return command;
    }

    /// <summary>Adds the service's settings to a command as options.</summary>
    public static void AddSettings(Command command)
    {
        command.Add(Config);
        command.Add(TakeOverOption);
        foreach ((_, var option) in Settings)
            command.Add(option);
    }

    /// <summary>Where the settings of a service that is run without options come from.</summary>
    public static ConfigurationSources UsualSources { get; } =
        new() { DefaultFile = EdgePaths.ConfigFile, EnvironmentPrefix = EdgeSettings.EnvironmentPrefix };

    /// <summary>Returns the sources of the settings for a parsed command line.</summary>
    public static ConfigurationSources Sources(ParseResult parsed) => UsualSources with
    {
        File = parsed.GetValue(Config),
        CommandLine = new Dictionary<string, string?>(
            [
                .. Settings.Select(setting => KeyValuePair.Create(setting.Setting, parsed.GetValue(setting.Option))),
                KeyValuePair.Create("takeOver", parsed.GetValue(TakeOverOption) ? "true" : null),
            ]),
    };

    private static async Task<int> RunAsync(ParseResult parsed)
    {
        InheritedSignals.HeedInterrupt();
        var sources = Sources(parsed);
        var settings = EdgeSettings.Load(sources);
        using var log = ServiceLogging.Create(settings.Log);
        var loggers = log.Factory;
        var notifier = new SystemdNotifier();
        using var takeOver = TakeOver.BeginIfWanted(settings.AdminSocket, settings.Edge.TakeOver);
        var inherited = TakeOver.Inherit(takeOver);
        using var sockets = inherited.Sockets;
        using var meters = new ServiceMeters();
        using var metrics = new PrometheusExporter(EdgeMetrics.MeterName);
        using var push = new OtlpSwitch(
            EdgeCommandLine.Program, ProductVersion.Number, EdgeMetrics.MeterName,
            loggers.CreateLogger("Tunnel.Edge.Metrics"));
        push.Use(settings.Otlp);
        await using var edge = new TunnelEdge(settings.Edge, loggers, inherited: inherited, meters: meters.Factory);
        var runner = new ServiceRunner(notifier, loggers.CreateLogger("Tunnel.Edge.Service"), TimeProvider.System);
        var replacing = loggers.CreateLogger("Tunnel.Edge.Replacing");
        var handOver = new HandOver(edge, sockets, runner.ReplaceBy, TimeProvider.System, replacing);
        using var successor = new Successor(() => handOver.Attempts, TimeProvider.System, replacing);
        await using var admin = new EdgeAdmin(
            edge, metrics, settings.AdminSocket, settings.MetricsListen, handOver, sockets, loggers);
        using var reload = new ConfigurationReload<EdgeSettings>(
            sources,
            EdgeSettings.Load,
            EdgeSettings.Live,
            Change,
            changed => log.Options = changed.Log,
            TimeProvider.System,
            loggers.CreateLogger("Tunnel.Edge.Configuration"));
        return await runner.RunAsync(new ServiceDefinition
        {
            Name = EdgeCommandLine.Program,
            StartAsync = async cancellationToken =>
            {
                // The admin API starts first, because a second edge on the same socket must not bind ports.
                await admin.StartAsync(takeOver is not null, cancellationToken);
                await edge.StartAsync(cancellationToken);
                if (takeOver is not null)
                    await ReplaceAsync(takeOver, edge, admin, cancellationToken);
            },
            StopAsync = edge.StopAsync,
            LeaveAsync = limit =>
            {
                admin.Leave();
                return edge.LeaveAsync(limit);
            },
            DrainTimeout = settings.Edge.DrainTimeout,
            Status = () => Describe(edge.GetShortStatus()),
            FindFaultAsync = _ => edge.FindFaultAsync(),
            ReleaseMemory = edge.ReleaseMemory,
        });

        void Change(EdgeSettings changed)
        {
            edge.ChangeOptions(changed.Edge);
            push.Use(changed.Otlp);
        }
    }

    // Clients are this process's once it has its ports; until then the process before serves them, and goes on if this one fails.
    private static async Task ReplaceAsync(TakeOver takeOver, TunnelEdge edge, EdgeAdmin admin, CancellationToken cancellationToken)
    {
        try
        {
            await edge.Configured.WaitAsync(ConfigurationLimit, cancellationToken);
            await takeOver.FinishAsync(cancellationToken);
            admin.Publish();
        }
        catch (Exception e)
        {
            // What it has in common with the process before must not be taken from that one.
            await edge.LeaveAsync(TimeSpan.Zero);
            if (e is TimeoutException)
            {
                throw new OperatorException(
                    $"The hub gave no configuration within {ConfigurationLimit.TotalSeconds:0} s, so the process before goes on.", e);
            }

            throw;
        }
    }

    /// <summary>Returns the line that <c>systemctl status</c> shows.</summary>
    internal static string Describe(EdgeStatus status)
    {
        var ports = $"{status.ListenPorts.Length} TCP and {CountText.Of(status.ListenPortsUdp.Length, "UDP port")}"
            + (
                status.FailedPorts.IsEmpty
                ? ""
                : $", {status.FailedPorts.Sum(failure => (failure.To ?? failure.Port) - failure.Port + 1)} can't be bound");
        if (status.Dial == "hub")
        {
            return status.Connected ? $"connected, dialled by the hub; {ports}; {CountText.Of(status.ActiveStreams, "stream")}"
                : $"awaiting the hub at {status.Hub}{(status.LastError is { } fault ? $"; {fault}" : "")}";
        }

        if (status.Hubs.Length > 1)
        {
            return $"connected to {status.Hubs.Count(static hub => hub.Connected)} of {status.Hubs.Length} hubs; {ports}; "
                + $"{CountText.Of(status.ActiveStreams, "stream")}";
        }

        return status.Connected ? $"connected to {status.Hub}; {ports}; {CountText.Of(status.ActiveStreams, "stream")}"
            : status.LastError is { } error ? $"connecting to {status.Hub}; {error}"
            : $"connecting to {status.Hub}";
    }

    private static (string Setting, Option<string?> Option) Setting(string setting, string value, string description) =>
        (setting, new Option<string?>($"--{SettingName.ToOption(setting)}") { Description = description, HelpName = value });
}
