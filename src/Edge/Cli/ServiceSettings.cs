using System.CommandLine;
using Tunnel.Shared.Checks;
using Tunnel.Shared.Configuration;
using Tunnel.Shared.Hosting;

namespace Tunnel.Edge.Cli;

/// <summary>
/// The settings that this machine's service runs with, for commands that find out what is wrong with it. They are the ones given here when
/// these name a hub; else those of the process behind the admin socket, from its command line and environment; else those given here with
/// the unit's token file.
/// </summary>
/// <param name="Sources">Where the settings come from.</param>
/// <param name="Service">The running service; null when none was found or it can't be inspected.</param>
/// <param name="Found">Says to the operator which settings are used.</param>
internal sealed record ServiceSettings(ConfigurationSources Sources, ServiceProcess? Service, CheckResult Found)
{
    private const string Name = "settings";
    private const string UnitsToken = "/etc/tunnel-edge/token";

    private static readonly string[] NamesOfHub = ["token", "tokenFile", "hubHost", "edgeId", "secret", "secretFile"];
    private static readonly string[] Paths = ["tokenFile", "secretFile"];

    /// <summary>Looks for the settings.</summary>
    public static ServiceSettings Find(ParseResult parsed)
    {
        var own = RunCommand.Sources(parsed);
        var socket = own.CommandLine["adminSocket"] ?? EdgeSettings.RunningAdminSocket(RunCommand.UsualSources);
        var service = ServiceProcess.Behind(socket, out var fault);
        if (NamesHub(own))
        {
            return new ServiceSettings(
                own, service,
                new CheckResult(Name, CheckStatus.Ok, service is null ? "as given here; no running service was found" : "as given here"));
        }

        if (service is not null)
        {
            return new ServiceSettings(
                Merge(service, own) with { CommandLine = WithSocket(Merge(service, own), socket) }, service,
                service.Environment is null
                    ? new CheckResult(
                        Name, CheckStatus.Warning, $"those of the running service (process {service.Id}), but for its environment",
                        "run this as root where the service gets settings by TUNNEL_EDGE__… variables: only root may see them")
                    : new CheckResult(Name, CheckStatus.Ok, $"those of the running service (process {service.Id})"));
        }

        if (File.Exists(UnitsToken) && !IsReadable(UnitsToken))
        {
            return new ServiceSettings(
                own, null,
                new CheckResult(
                    Name, CheckStatus.Failed, $"{fault}, and {UnitsToken} is not yours to read",
                    "run this as root, or give --token-file FILE"));
        }

        return File.Exists(UnitsToken)
            ? new ServiceSettings(
                own with { CommandLine = With(own.CommandLine, "tokenFile", UnitsToken) },
                null,
                new CheckResult(
                    Name, CheckStatus.Warning, $"{fault}; the token is {UnitsToken}",
                    "start the service (systemctl start tunnel-edge), and see its log (journalctl -u tunnel-edge)"))
            : new ServiceSettings(
                own, null, new CheckResult(Name, CheckStatus.Failed, $"{fault}, and there is no {UnitsToken}", "give --token-file FILE"));
    }

    private static bool IsReadable(string path)
    {
        try
        {
            using var file = File.OpenRead(path);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static bool NamesHub(ConfigurationSources sources)
    {
        var configuration = LayeredConfiguration.Load(sources);
        return NamesOfHub.Any(name => configuration.Find(name) is not null);
    }

    // What is given here takes precedence over what the service was given.
    internal static ConfigurationSources Merge(ServiceProcess service, ConfigurationSources own)
    {
        var theirs = RunCommand.Sources(EdgeCommandLine.Create().Parse([.. service.Arguments]));
        var commandLine = own.CommandLine.ToDictionary(
            setting => setting.Key, setting => setting.Value ?? theirs.CommandLine.GetValueOrDefault(setting.Key));
        foreach (var path in Paths)
        {
            if (own.CommandLine[path] is null && commandLine[path] is { } name)
                commandLine[path] = service.PathOf(name);
        }

        var environment = (service.Environment ?? new Dictionary<string, string>()).ToDictionary(StringComparer.Ordinal);
        foreach (var path in Paths.Select(path => EdgeSettings.EnvironmentPrefix + path.ToUpperInvariant()))
        {
            if (environment.TryGetValue(path, out var name))
                environment[path] = service.PathOf(name);
        }

        return own with
        {
            File = own.File ?? (theirs.File is { } file ? service.PathOf(file) : null),
            CommandLine = commandLine,
            Environment = environment,
        };
    }

    private static Dictionary<string, string?> WithSocket(ConfigurationSources sources, string socket) =>
        With(sources.CommandLine, "adminSocket", socket);

    private static Dictionary<string, string?> With(IReadOnlyDictionary<string, string?> settings, string name, string value) =>
        new(settings) { [name] = settings.GetValueOrDefault(name) ?? value };
}
