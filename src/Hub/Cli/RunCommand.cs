using System.CommandLine;
using Tunnel.Hub.Configuration;

namespace Tunnel.Hub.Cli;

/// <summary><c>tunnel-hub run</c>: runs the service in the foreground.</summary>
internal static class RunCommand
{
    public static Command Create(CommonOptions options)
    {
        var config = new Option<string?>("--config")
        {
            Description = $"JSON file with the settings [default: {HubPaths.ConfigFile}, if "
            + "it exists]",
            HelpName = "FILE"
        };

        var takeOver = new Option<bool>("--take-over")
        {
            Description = "Take over from the hub that runs on this machine with this admin socket, without a lost client",
        };

        // Read as text, because the configuration's reader reports the faults of all settings at once, whatever their source.
        (string Setting, Option<string?> Option)[] settings =
        [
            ("tunnelPort", Setting("--tunnel-port", "N", "Port that edges connect to [default: 8443]")),
            ("bindAddress", Setting("--bind-address", "A", "Address of that port [default: ::, which is IPv6 and IPv4]")),
            ("targetHost", Setting("--target-host", "H", "Where streams go unless a port's policy says otherwise [default: 127.0.0.1]")),
            (
                "defaultProxyProtocol",
                Setting(
                    "--default-proxy-protocol", "v1|v2|off",
                    "The PROXY header of ports whose settings do not name one; UDP has v2 or none [default: v1]")),
            ("publicHost", Setting("--public-host", "H[:P]", "Where edges reach this hub, for connection tokens")),
            (
                "stateDir",
                Setting(
                    "--state-dir", "DIR",
                    "Directory of the hub's state [default: systemd's, else /var/lib/tunnel-hub for root, else "
                    + "~/.local/state/tunnel-hub]")),
            ("adminSocket", options.AdminSocket),
            ("logLevel", Setting("--log-level", "L", "trace, debug, information, warning, error, critical or none [default: information]")),
            ("logFormat", Setting("--log-format", "F", "console or json [default: console]")),
            ("drainTimeout", Setting(
                    "--drain-timeout", "TIME", "How long open streams may go on when the hub stops, such as 30s or 5m [default: 30s]")),
            ("resumeGrace", Setting(
                    "--resume-grace", "TIME",
                    "How long open streams wait for their edge when a tunnel's connection is lost; 0: not at all [default: 60s]")),
        ];
        var command = new Command(
            "run",
            "Run the hub in the foreground. Settings come from a file, the environment (TUNNEL_HUB__TUNNELPORT=…) and these "
            + "options") { config, takeOver };
        foreach (var (_, option) in settings)
            command.Options.Add(option);
        command.SetAction((parse, _) => CommandAction.RunAsync(parse, () =>
        {
            var commandLine = settings.ToDictionary(entry => entry.Setting, entry => parse.GetValue(entry.Option));
            return HubService.RunAsync(TunnelHubOptionsReader.Sources(parse.GetValue(config), commandLine), parse.GetValue(takeOver));
        }));
        return command;
    }

    private static Option<string?> Setting(string name, string value, string description) =>
        new(name) { Description = description, HelpName = value };
}
