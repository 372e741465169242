using System.CommandLine;
using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Hub.Backups;
using Tunnel.Hub.Configuration;
using Tunnel.Hub.Keeping.Postgres;
using Tunnel.Shared.Files;
using Tunnel.Shared.Hosting;

namespace Tunnel.Hub.Cli;

/// <summary><c>tunnel-hub state import</c> and <c>export</c>: between files and the database that hubs share.</summary>
internal static class StateCommands
{
    private static readonly StateFiles Files = new();

    private static readonly Option<bool> Replace = new("--replace") { Description = "Replace the edges and blocks that are there" };

    public static Command Create(CommonOptions options) => new("state", "Move edges, secrets and blocks between files and the database")
    {
        CreateImport(options), CreateExport(options),
    };

    private static Command CreateImport(CommonOptions options)
    {
        var (config, from) = (Config(), DirectoryOption("--from"));
        return new Command("import", "Take the edges and blocks of a directory into the database, where all hubs have them at once")
        {
            config, from, Replace,
        }.Does(options, async (context, cancellationToken) =>
        {
            var settings = Settings(context.Value(config), context.Value(from));
            await using var database = await ConnectAsync(settings, cancellationToken);
            var count = await Move(database, settings).ImportAsync(context.Value(Replace), cancellationToken);
            await context.Out.WriteLineAsync($"The {database.Name} has the edges ({count}) and the blocks of {settings.StateDir}.");
        });
    }

    private static Command CreateExport(CommonOptions options)
    {
        var (config, to) = (Config(), DirectoryOption("--to"));
        return new Command("export", "Write the edges and blocks of the database to a directory, for a hub without it that is stopped")
        {
            config, to, Replace,
        }.Does(options, async (context, cancellationToken) =>
        {
            var settings = Settings(context.Value(config), context.Value(to));
            await using var database = await ConnectAsync(settings, cancellationToken);
            try
            {
                using var held =
                    StateDirectory.Take(settings.StateDir, HubStateFiles.All, TimeProvider.System.GetUtcNow(), NullLogger.Instance);
                var count = await Move(database, settings).ExportAsync(context.Value(Replace), cancellationToken);
                await context.Out.WriteLineAsync($"{settings.StateDir} has the edges ({count}) and the blocks of the {database.Name}.");
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                throw new OperatorException($"{settings.StateDir} can't be written: {error.Message}", error);
            }
        });
    }

    private static Option<string?> Config() => new("--config")
    {
        Description = $"The hub's file, for the database [default: {HubPaths.ConfigFile}, if it exists]",
        HelpName = "FILE",
    };

    private static Option<string?> DirectoryOption(string name) => new(name)
    {
        Description = "Directory of the files [default: the hub's stateDir]",
        HelpName = "DIR",
    };

    private static StateMove Move(PostgresDatabase database, TunnelHubOptions settings) =>
        new(database, settings.StateDir, Files, TimeProvider.System);

    private static TunnelHubOptions Settings(string? config, string? directory) =>
        TunnelHubOptionsReader.Read(TunnelHubOptionsReader.Sources(config, new Dictionary<string, string?> { ["stateDir"] = directory }));

    private static async Task<PostgresDatabase> ConnectAsync(TunnelHubOptions settings, CancellationToken cancellationToken)
    {
        var shared = settings.State
            ?? throw new OperatorException("No database is set. Set state or stateFile in the hub's file, or TUNNEL_HUB__STATE.");
        var database = new PostgresDatabase(shared.ConnectionString, PostgresSchema.Current, TimeProvider.System, NullLogger.Instance);
        await database.ConnectAsync(cancellationToken);
        return database.Fault is { } fault ? throw new OperatorException(fault) : database;
    }
}
