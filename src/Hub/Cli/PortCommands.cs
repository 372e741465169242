using System.CommandLine;
using System.Text.Json.Nodes;
using Tunnel.Hub.Edges.Definitions;

namespace Tunnel.Hub.Cli;

/// <summary><c>tunnel-hub port add|set|remove EDGE PORT</c>: change single ports and ranges of an edge.</summary>
internal static class PortCommands
{
    public static Command Create(CommonOptions options) => new("port", "Give an edge a port, change its settings, or take it away")
    {
        Add(options),
        Set(options),
        Remove(options),
    };

    private static Argument<string> Port() =>
        new("PORT")
        {
            Description = "tcp/443, udp/53, a range such as tcp/8000-8010, or default for all ports without settings of their "
        + "own"
        };

    private static Command Add(CommonOptions options)
    {
        var (port, settings) = (Port(), new PortOptions());
        var command =
            new Command("add", "Have an edge listen on a port or a range, with these settings") { options.Id, port, options.DryRun };
        settings.AddTo(command);
        return options.Remote(command).Does(options, async (context, cancellation) =>
        {
            var (name, kind) = Read(context.Value(port)!);
            if (kind == PortKinds.Both)
            {
                throw CommandFailedException.Usage(
                    $"default is not a port that can be added; change it with: tunnel-hub port set {context.Id} default");
            }

            var policy = new JsonObject();
            settings.Apply(context, kind, policy);
            var answer = await context.AddAsync(
                Path(context, name), policy,
                $"A port of {name} is assigned to {context.Id} already; change it with: tunnel-hub port set {context.Id} {name}",
                cancellation);
            await ChangePrinter.PrintChangesAsync(context, answer, context.Value(options.DryRun));
        });
    }

    private static Command Set(CommonOptions options)
    {
        var (port, settings) = (Port(), new PortOptions());
        var unset = new Option<string[]>("--unset")
        {
            Description = "Settings that go back to the edge's default, by "
            + "name",
            HelpName = "NAME",
            AllowMultipleArgumentsPerToken = true
        };
        var command = new Command("set", "Change settings of a port or a range of an edge; the others "
            + "stay") { options.Id, port, options.DryRun, unset };
        settings.AddTo(command);
        return options.Remote(command).Does(options, async (context, cancellation) =>
        {
            var (name, kind) = Read(context.Value(port)!);
            var gone = context.Value(unset) ?? [];
            if (!settings.Apply(context, kind, []) && gone.Length == 0)
            {
                throw CommandFailedException.Usage(
                    "Nothing to set: give an option for each setting to change, or --unset NAME. --help lists them.");
            }

            var answer = await context.ChangeAsync(
                Path(context, name),
                node =>
                {
                    foreach (var setting in gone)
                        PortOptions.Unset(node.AsObject(), setting);
                    settings.Apply(context, kind, node.AsObject());
                },
                context.Value(options.DryRun),
                cancellation);
            await ChangePrinter.PrintChangesAsync(context, answer, context.Value(options.DryRun));
        });
    }

    private static Command Remove(CommonOptions options)
    {
        var port = Port();
        var command =
            new Command("remove", "Take a port or a range away from an edge, with its settings") { options.Id, port, options.DryRun };
        return options.Remote(command).Does(options, async (context, cancellation) =>
        {
            var (name, _) = Read(context.Value(port)!);
            var answer = await context.SendAsync(
                HttpMethod.Delete, Path(context, name) + CommandContext.Query(context.Value(options.DryRun)), null, cancellation);
            await ChangePrinter.PrintChangesAsync(context, answer, context.Value(options.DryRun));
        });
    }

    private static string Path(CommandContext context, string port) => $"{context.EdgePath}/ports/{Uri.EscapeDataString(port)}";

    private static (string Name, PortKinds Kind) Read(string text)
    {
        if (text == PortKey.Default)
            return (text, PortKinds.Both);
        return PortKey.TryParse(text, out var key)
            ? (text, key.Udp ? PortKinds.Udp : PortKinds.Tcp)
            : throw CommandFailedException.Usage($"PORT \"{text}\" is not a port; valid are tcp/443, udp/53, tcp/8000-8010 and default");
    }
}
