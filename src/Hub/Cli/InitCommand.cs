using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Tunnel.Hub.Configuration;
using Tunnel.Shared.Configuration;
using Tunnel.Shared.Files;
using Tunnel.Shared.Hosting;
using Tunnel.Shared.Operator;

namespace Tunnel.Hub.Cli;

/// <summary><c>tunnel-hub init</c>: writes the first configuration, starts the service, and says what comes next.</summary>
internal static class InitCommand
{
    private const UnixFileMode ForAll =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    // This is the word for a hub that nobody can reach.
    private const string Unreachable = "none";

    private static readonly JsonDocumentOptions AsPeopleWrite =
        new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };

    public static Command Create(CommonOptions options)
    {
        var publicHost = new Option<string?>("--public-host")
        {
            Description = "Where edges reach this hub: a name or an address, and its port; none when nobody can reach it, and it dials its "
                + "edges [default: asked for on a terminal]",
            HelpName = "HOST[:PORT]|none",
        };
        var tunnelPort = new Option<string?>("--tunnel-port")
        {
            Description = "The port that edges connect to [default: 8443]",
            HelpName = "P",
        };
        var targetHost = new Option<string?>("--target-host")
        {
            Description = "Where clients' connections go, to the port that they came in at [default: 127.0.0.1]",
            HelpName = "HOST",
        };
        var config = new Option<string?>("--config")
        {
            Description = $"The file to write [default: {HubPaths.ConfigFile}]",
            HelpName = "FILE",
        };
        var force = new Option<bool>("--force") { Description = "Replace a file that has settings" };
        var command = new Command(
            "init", "Write the configuration file, enable and start the service where systemd has it, and say what to do at the edge")
        {
            publicHost, tunnelPort, targetHost, config, force, options.DryRun,
        };
        return command.Does(options, async (context, _) =>
        {
            var path = Path.GetFullPath(context.Value(config) ?? HubPaths.ConfigFile);
            if (!context.Value(force))
                RefuseToReplace(path);
            var host = context.Value(publicHost) ?? await AskAsync(context, Console.IsInputRedirected ? null : Console.In);
            if (host == Unreachable)
                host = null;
            var steps = FirstSteps.OfMachine();
            steps.Write(path, Settings(host, context.Value(tunnelPort), context.Value(targetHost)), ForAll);
            // A file of another place is not the service's.
            if (path == HubPaths.ConfigFile)
                steps.Start("tunnel-hub", "tunnel-hub run");
            if (context.Value(options.DryRun))
            {
                steps.Show(context.Out);
                return;
            }

            await steps.DoAsync(context.Out);
            await context.Out.WriteAsync(NextSteps(host));
        });
    }

    private static string NextSteps(string? host) => host is null
        ? """

            Next, here:           sudo tunnel-hub edge add NAME --tcp 80,443 --udp 53 --dial EDGE      prints the edge's token;
                                  EDGE is the name or address of the edge's machine
            At that machine, where tunnel-edge is installed:
                                  sudo tunnel-edge init      and paste the token
            The hub must reach EDGE at TCP port 8443.

            """
        : $"""

            Next, here:           sudo tunnel-hub edge add NAME --tcp 80,443 --udp 53      prints the edge's token
            At the edge's machine, where tunnel-edge is installed:
                                  sudo tunnel-edge init      and paste the token
            The edge must reach {host}: TCP, and UDP for QUIC.

            """;

    private static async Task<string> AskAsync(CommandContext context, TextReader? input)
    {
        if (input is null)
        {
            throw CommandFailedException.Usage(
                $"--public-host: is missing; give the name or address at which edges reach this hub, or {Unreachable} when it dials them");
        }

        await context.Error.WriteAsync(
            $"Where do edges reach this hub? A name or an address (with :PORT if that is not 8443), or {Unreachable} when it dials them: ");
        return await input.ReadLineAsync() is { } line && line.Trim() is { Length: > 0 } answer
            ? answer
            : throw CommandFailedException.Usage("--public-host: is missing");
    }

    // The file that comes with the package has comments only.
    private static void RefuseToReplace(string path)
    {
        if (UnixFile.FaultOfFile(path) == UnixFile.Missing)
            return;
        try
        {
            using var there = JsonDocument.Parse(File.ReadAllBytes(path), AsPeopleWrite);
            if (there.RootElement.ValueKind == JsonValueKind.Object && !there.RootElement.EnumerateObject().Any())
                return;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            throw CommandFailedException.Usage($"{path}: is there, and can't be read: {e.Message}. --force replaces it");
        }

        throw CommandFailedException.Usage($"{path}: has settings already. Change them there; --force replaces the file");
    }

    /// <summary>Makes the file's content.</summary>
    /// <exception cref="CommandFailedException">A value is not valid; every fault is a line.</exception>
    internal static string Settings(string? publicHost, string? tunnelPort, string? targetHost)
    {
        var errors = new ConfigurationErrors();
        var options = new TunnelHubOptions { PublicHost = publicHost, TargetHost = targetHost ?? new TunnelHubOptions().TargetHost };
        if (tunnelPort is not null)
        {
            if (int.TryParse(tunnelPort, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is >= 1 and <= 65535)
                options = options with { TunnelPort = port };
            else
                errors.Add("tunnelPort", tunnelPort, "must be 1 to 65535");
        }

        TunnelHubOptionsValidator.Validate(options, errors);
        if (errors.Count > 0)
        {
            throw CommandFailedException.Usage([.. errors.Select(
                error => $"--{SettingName.ToOption(error.Setting)} \"{error.Value}\": {error.Problem}")]);
        }

        var text = new StringBuilder("// Written by `tunnel-hub init`. All settings: man tunnel-hub, docs/operations/reference.md\n{\n");
        if (publicHost is not null)
            Add(text, "publicHost", Quote(publicHost));
        if (tunnelPort is not null)
            Add(text, "tunnelPort", options.TunnelPort.ToString(CultureInfo.InvariantCulture));
        if (targetHost is not null)
            Add(text, "targetHost", Quote(targetHost));
        return text.Append("}\n").ToString();
    }

    private static void Add(StringBuilder text, string name, string value) => text.Append($"  \"{name}\": {value},\n");

    private static string Quote(string value) => $"\"{JsonEncodedText.Encode(value, JavaScriptEncoder.UnsafeRelaxedJsonEscaping)}\"";
}
