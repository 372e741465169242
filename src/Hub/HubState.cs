using Microsoft.Extensions.Logging;
using Tunnel.Hub.Blocks;
using Tunnel.Hub.Configuration;
using Tunnel.Hub.Edges.State;
using Tunnel.Hub.Keeping;
using Tunnel.Hub.Keeping.Postgres;
using Tunnel.Hub.Status;
using Tunnel.Shared.Files;

namespace Tunnel.Hub;

/// <summary>
/// What operators change while the hub runs: the allowed edges and the blocks. Both are kept in files of the state directory, or in the
/// database that hubs share.
/// </summary>
internal sealed class HubState : IAsyncDisposable
{
    private readonly PostgresDatabase? _database;

    private HubState(EdgeStore edges, BlockList blocks, PostgresDatabase? database, Leases? dials) =>
        (Edges, Blocks, _database, Dials) = (edges, blocks, database, dials);

    public EdgeStore Edges { get; }

    public BlockList Blocks { get; }

    /// <summary>Which edges this hub dials of those that all hubs which share the state could dial; null: it is the only one.</summary>
    public Leases? Dials { get; }

    /// <summary>The database that hubs share, and whether it can be used now; null: there is none.</summary>
    public SharedStateStatus? Shared => _database is null ? null : new SharedStateStatus(_database.Name, _database.Fault);

    /// <summary>Opens the state; while a shared one can't be reached, what is known of it.</summary>
    /// <exception cref="Shared.Hosting.OperatorException">The state can't be read or written, or the configuration's edges are not
    /// valid.</exception>
    public static async Task<HubState> OpenAsync(
        TunnelHubOptions options, TimeProvider time, ILoggerFactory loggerFactory, CancellationToken cancellationToken)
    {
        PostgresDatabase? database = null;
        EdgeStore? edges = null;
        try
        {
            if (options.State is { } shared)
            {
                database = new PostgresDatabase(
                    shared.ConnectionString, PostgresSchema.Current, time, loggerFactory.CreateLogger<PostgresDatabase>());
                await database.ConnectAsync(cancellationToken);
            }

            var files = new StateFiles();
            var edgeKeeper = Keeper(SharedDocuments.Edges, EdgeStateFormat.FileIn(options.StateDir, files));
            edges = await EdgeStore.OpenAsync(
                edgeKeeper, options.StateDir, options.Edges, options.Limits.Edges, time, loggerFactory, cancellationToken);
            var blocks = await BlockList.OpenAsync(
                Keeper(SharedDocuments.Blocks, BlockFormat.FileIn(options.StateDir, files), first: edgeKeeper as PostgresKeeper), time,
                loggerFactory.CreateLogger<BlockList>(), cancellationToken);
            Leases? dials = null;
            if (database is not null)
            {
                dials = new Leases(
                    new PostgresLeases(database), ReplicaId.Of(options.StateDir, options.TunnelPort, files), time);
                database.Watch(dials.RefreshAsync);
                database.Start();
            }

            return new HubState(edges, blocks, database, dials);
        }
        catch
        {
            await DisposeAsync(edges, database);
            throw;
        }

        IDocumentKeeper Keeper(string name, FileKeeper file, PostgresKeeper? first = null) => database is null
            ? file
            : new PostgresKeeper(new PostgresDocument(database, name), file, loggerFactory.CreateLogger<PostgresKeeper>())
            {
                First = first,
            };
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (Dials is not null)
            await Dials.CloseAsync(isReleased: false);
        await DisposeAsync(Edges, _database);
    }

    // The edges come last: they wait for a change that may be under way, which needs the database.
    private static async ValueTask DisposeAsync(EdgeStore? edges, PostgresDatabase? database)
    {
        if (edges is not null)
            await edges.DisposeAsync();
        if (database is not null)
            await database.DisposeAsync();
    }
}
