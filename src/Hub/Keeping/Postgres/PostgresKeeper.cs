using System.Text;
using Microsoft.Extensions.Logging;
using Npgsql;
using Tunnel.Shared.Hosting;

namespace Tunnel.Hub.Keeping.Postgres;

/// <summary>
/// Keeps a document in the database, and a copy of what is known of it in this hub's state directory, for a start while the database is
/// away.
/// </summary>
/// <param name="database">The database.</param>
/// <param name="name">The document's name there.</param>
/// <param name="isNeeded">
/// Whether a database without this document is a fault for a hub that knows one: it may have been made anew, and what hubs do must not
/// depend on that. Otherwise it is the same as an empty document.
/// </param>
/// <param name="copy">Keeps the copy.</param>
/// <param name="logger">Where it is logged that the copy can't be written.</param>
internal sealed class PostgresKeeper(PostgresDatabase database, string name, bool isNeeded, FileKeeper copy, ILogger logger)
    : IDocumentKeeper
{
    // The clock makes a revision that no earlier table, or backup of it, has had.
    private const string NextRevision = "(extract(epoch from clock_timestamp()) * 1000000)::bigint";

    private const string Insert =
        $"""
        with saved as (
            insert into tunnel_hub_state (name, revision, content) values ($1, {NextRevision}, $2::json)
            on conflict (name) do nothing returning revision)
        select revision, pg_notify('{PostgresDatabase.Channel}', $1) from saved
        """;

    private const string Update =
        $"""
        with saved as (
            update tunnel_hub_state set revision = greatest(revision + 1, {NextRevision}), content = $2::json, changed = now()
            where name = $1 and revision = $3 returning revision)
        select revision, pg_notify('{PostgresDatabase.Channel}', $1) from saved
        """;

    private const string Select =
        "select revision, (case when revision <> $2 then content end)::text from tunnel_hub_state where name = $1";

    public string Place => database.Name;

    public async Task<KeptDocument> OpenAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await ReadOtherAsync(KeptDocument.Unknown, cancellationToken) ?? new KeptDocument(null, 0);
        }
        catch (StateUnavailableException)
        {
            return new KeptDocument(await Task.Run(copy.Load, cancellationToken), KeptDocument.Unknown);
        }
    }

    public async Task<KeptDocument?> ReadOtherAsync(long known, CancellationToken cancellationToken)
    {
        var document = await database.RunAsync((connection, token) => ReadAsync(connection, known, token), cancellationToken);
        if (document.Revision == known)
            return null;
        if (document.Revision == 0 && isNeeded && await Task.Run(copy.Load, cancellationToken) is not null)
            throw new StateUnavailableException($"The {database.Name} has no {name}, while this hub knows some: {copy.Place}.");
        if (document.Content is { } content)
            await KeepCopyAsync(content);
        return document;
    }

    public async Task<long?> SaveAsync(byte[] content, long known, CancellationToken cancellationToken)
    {
        var revision = await SaveInDatabaseAsync(content, known, cancellationToken);
        if (revision is not null)
            await KeepCopyAsync(content);
        return revision;
    }

    public string? SetAside() => null;

    public void Watch(Func<CancellationToken, Task> refresh) => database.Watch(refresh);

    private async Task<long?> SaveInDatabaseAsync(byte[] content, long known, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var isSent = false;
        try
        {
            // Not given up halfway: then nobody would know whether it was saved.
            return await database.RunAsync(
                (connection, token) =>
                {
                    isSent = true;
                    return SaveAsync(connection, content, known, token);
                },
                CancellationToken.None);
        }
        catch (StateUnavailableException error) when (isSent && !IsRefusal(error.InnerException))
        {
            throw new StateUnavailableException(
                $"{error.Message} It was lost while it saved the change: whether that was made shows once it is back.", error)
            {
                IsUncertain = true,
            };
        }
    }

    // The server itself says that it did not do it; one that is ended (class 57) may have done it before.
    private static bool IsRefusal(Exception? error) =>
        error is PostgresException { SqlState: var state } && !state.StartsWith("57", StringComparison.Ordinal);

    private async Task<KeptDocument> ReadAsync(NpgsqlConnection connection, long known, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(Select, connection) { Parameters = { Text(name), Number(known) } };
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken))
            return new KeptDocument(null, 0);
        var content = await reader.IsDBNullAsync(1, cancellationToken) ? null : Encoding.UTF8.GetBytes(reader.GetString(1));
        return new KeptDocument(content, reader.GetInt64(0));
    }

    private async Task<long?> SaveAsync(NpgsqlConnection connection, byte[] content, long known, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(known == 0 ? Insert : Update, connection)
        {
            Parameters = { Text(name), Text(Encoding.UTF8.GetString(content)) },
        };
        if (known != 0)
            command.Parameters.Add(Number(known));
        return await command.ExecuteScalarAsync(cancellationToken) as long?;
    }

    private async Task KeepCopyAsync(byte[] content)
    {
        try
        {
            await Task.Run(() => copy.Save(content));
        }
        catch (OperatorException error)
        {
            PostgresLog.NotKept(logger, error, copy.Place);
        }
    }

    private static NpgsqlParameter Text(string value) => new NpgsqlParameter<string>(string.Empty, value);

    private static NpgsqlParameter Number(long value) => new NpgsqlParameter<long>(string.Empty, value);
}
