using System.CommandLine;
using System.Globalization;

namespace Tunnel.Hub.Cli;

/// <summary>Which edges a command shows, and how many at once.</summary>
internal sealed class EdgesOptions
{
    private readonly Option<string?> _edge = new("--edge") { Description = "Only these edges, separated by commas", HelpName = "ID" };
    private readonly Option<string?> _search = new("--search") { Description = "Only edges whose id has this in it", HelpName = "TEXT" };
    private readonly Option<string?> _state = new("--state")
    {
        Description = "Only edges in these states, separated by commas, such as connected, conflict or neverSeen; down: all that are not "
            + "connected",
        HelpName = "STATE",
    };

    private readonly Option<int?> _limit =
        new("--limit") { Description = "How many to show at most, 1–1,000 [default: all]", HelpName = "N" };

    private readonly Option<string?> _cursor =
        new("--cursor") { Description = "Go on where the last page ended (its last line names it)", HelpName = "CURSOR" };

    /// <summary>Adds the options.</summary>
    public Command AddTo(Command command)
    {
        foreach (var option in (Option[])[_edge, _search, _state, _limit, _cursor])
            command.Options.Add(option);
        return command;
    }

    /// <summary>Returns the path of the status with the edges that are asked for.</summary>
    public string StatusPath(CommandContext context) => Path(context, "api/v1/status");

    /// <summary>Returns the path of the definitions of the edges that are asked for.</summary>
    /// <exception cref="CommandFailedException">Definitions have no state and no pages.</exception>
    public string DefinitionsPath(CommandContext context) =>
        (context.Value(_state) ?? context.Value(_cursor)) is null && context.Value(_limit) is null
            ? Path(context, "api/v1/edges")
            : throw CommandFailedException.Usage(
                "--json prints definitions, which have no state and no pages; tunnel-hub status --json takes --state, --limit and "
                    + "--cursor");

    private string Path(CommandContext context, string path) => ApiPath.Of(
        path, ("edge", context.Value(_edge)), ("search", context.Value(_search)), ("state", context.Value(_state)),
        ("limit", context.Value(_limit)?.ToString(CultureInfo.InvariantCulture)), ("cursor", context.Value(_cursor)));
}
