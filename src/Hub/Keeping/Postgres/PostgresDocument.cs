using System.Text;
using Npgsql;

namespace Tunnel.Hub.Keeping.Postgres;

/// <summary>One document in the database, which is saved only where nobody else was faster.</summary>
/// <param name="database">The database.</param>
/// <param name="name">The document's name there.</param>
internal sealed class PostgresDocument(PostgresDatabase database, string name)
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

    private const string Exists = "select exists (select from tunnel_hub_state where name = $1)";

    public PostgresDatabase Database => database;

    public string Name => name;

    /// <summary>Reads the document; its content only if it has another revision than the given one.</summary>
    /// <exception cref="StateUnavailableException">The database can't be used now.</exception>
    public Task<KeptDocument> ReadAsync(long known, CancellationToken cancellationToken) =>
        database.RunAsync((connection, token) => ReadAsync(connection, known, token), cancellationToken);

    /// <summary>Whether the database has the document.</summary>
    /// <exception cref="StateUnavailableException">The database can't be used now.</exception>
    public Task<bool> ExistsAsync(CancellationToken cancellationToken) => database.RunAsync(
        async (connection, token) =>
        {
            await using var command = new NpgsqlCommand(Exists, connection) { Parameters = { Text(name) } };
            return await command.ExecuteScalarAsync(token) is true;
        },
        cancellationToken);

    /// <summary>Saves the document if it still has the given revision, and tells the other hubs.</summary>
    /// <returns>The new revision; null: it has another one by now.</returns>
    /// <exception cref="StateUnavailableException">The database can't be used now, or was lost meanwhile.</exception>
    public async Task<long?> SaveAsync(byte[] content, long known, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var isSent = false;
        try
        {
            // The save is not given up halfway: then nobody would know whether it was done.
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

    private static NpgsqlParameter Text(string value) => new NpgsqlParameter<string>(string.Empty, value);

    private static NpgsqlParameter Number(long value) => new NpgsqlParameter<long>(string.Empty, value);
}
