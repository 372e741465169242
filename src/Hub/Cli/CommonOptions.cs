using System.CommandLine;
using System.CommandLine.Parsing;
using Tunnel.Shared.Text;

namespace Tunnel.Hub.Cli;

/// <summary>Options that several commands share; one instance of each, so that they read the same everywhere.</summary>
internal sealed class CommonOptions
{
    public Argument<string> Id { get; } = new("ID") { Description = "The edge's id: 1–64 of A-Z a-z 0-9 . _ -" };

    public Option<string?> AdminSocket { get; } = new("--admin-socket")
    {
        Description = "The running hub's admin socket [default: where `run` would put it, else /run/tunnel-hub/admin.sock]",
        HelpName = "PATH",
    };

    public RemoteHub RemoteHub { get; } = new();

    public Option<bool> Json { get; } = new("--json") { Description = "Print JSON, for machines" };

    public Option<bool> DryRun { get; } = new("--dry-run") { Description = "Only check, and show what would change" };

    public Option<string?> Host { get; } = new("--host")
    {
        Description = "Where edges reach the hub, for the token [default: the hub's publicHost; port: its tunnelPort]",
        HelpName = "HOST[:PORT]",
    };

    public Option<string?> Transport { get; } = new("--transport")
    {
        Description = "How the edge is to reach the hub, for the token: tcpTls, quic or quicWithFallback [default: the edge's own "
            + "setting, else tcpTls]",
        HelpName = "T",
    };

    public Option<string?> Secret { get; } = new("--secret")
    {
        Description =
            "A secret of your own, 16–256 characters. Every user of this machine can read a command line: better use --secret-file",
        HelpName = "S",
    };

    public Option<string?> SecretFile { get; } = new("--secret-file")
    {
        Description = "File with the secret in its first line; - reads standard input",
        HelpName = "FILE",
    };

    public Option<TimeSpan?> Grace { get; } =
        Time(
            "--grace",
            "How long older secrets stay valid, such as 90s, 30m or 24h; 0 ends them, and their tunnels, at once [default: 24h]");

    /// <summary>Adds the options of every command that talks to the hub.</summary>
    public Command Remote(Command command)
    {
        command.Options.Add(AdminSocket);
        RemoteHub.AddTo(command);
        command.Options.Add(Json);
        return command;
    }

    /// <summary>Makes an option whose value is a length of time.</summary>
    public static Option<TimeSpan?> Time(string name, string description) =>
        new(name) { Description = description, HelpName = "TIME", CustomParser = result => ParseTime(result, name) };

    private static TimeSpan? ParseTime(ArgumentResult result, string name)
    {
        var text = result.Tokens[0].Value;
        if (TimeText.TryParse(text, out var time, out var error))
            return time;
        result.AddError($"{name} \"{text}\" {error}");
        return null;
    }
}
