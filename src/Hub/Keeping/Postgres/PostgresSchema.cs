using Npgsql;

namespace Tunnel.Hub.Keeping.Postgres;

/// <summary>
/// The tables, in the schema that the connection's search path names first, and their changes from version to version. Each hub brings
/// them up to date when it connects; an advisory lock lets one hub at a time do so.
/// </summary>
/// <param name="steps">The statements that lead from each version to the next, the first one from nothing.</param>
internal sealed class PostgresSchema(params IReadOnlyList<string> steps)
{
    // This is any number that no other program takes.
    private const long LockKey = 0x7475_6e6e_656c_6875;

    /// <summary>The schema of this version of the hub.</summary>
    public static PostgresSchema Current { get; } = new(
        """
        create table tunnel_hub_state (
            name text primary key,
            revision bigint not null,
            content json not null,
            changed timestamptz not null default now());
        comment on table tunnel_hub_state is 'Documents that the replicas of tunnel-hub share';
        comment on column tunnel_hub_state.revision is
            'Names a version of the document: grows, and is never used again, even where the table was made anew';
        """,
        """
        create table tunnel_hub_leases (
            name text primary key,
            holder text not null,
            number bigint not null,
            failing boolean not null);
        comment on table tunnel_hub_leases is 'Which replica dials each edge that awaits its hub';
        """);

    /// <summary>Brings the tables up to date.</summary>
    /// <exception cref="StateUnavailableException">The tables are of a newer hub.</exception>
    public async Task MigrateAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        // Most hubs find everything in order, and may not be allowed to make tables.
        if (await IsMadeAsync(connection, cancellationToken) && await ReadVersionAsync(connection, cancellationToken) == steps.Count)
            return;
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await RunAsync(connection, $"select pg_advisory_xact_lock({LockKey})", cancellationToken);

        // Another hub may have been faster; only this statement looks again whether the table is there.
        await RunAsync(connection, "create table if not exists tunnel_hub_schema (version integer not null)", cancellationToken);
        var version = await ReadVersionAsync(connection, cancellationToken);
        if (version > steps.Count)
        {
            throw new StateUnavailableException(
                $"The database's tables have version {version}; this hub knows version {steps.Count}. Run the hub that made them, or a "
                + "newer one.");
        }

        foreach (var step in steps.Skip(version ?? 0))
            await RunAsync(connection, step, cancellationToken);
        var note = version is null ? "insert into tunnel_hub_schema values" : "update tunnel_hub_schema set version =";
        await RunAsync(connection, $"{note} ({steps.Count})", cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    private static async Task<bool> IsMadeAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("select to_regclass('tunnel_hub_schema') is not null", connection);
        return await command.ExecuteScalarAsync(cancellationToken) is true;
    }

    private static async Task<int?> ReadVersionAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("select version from tunnel_hub_schema", connection);
        return await command.ExecuteScalarAsync(cancellationToken) as int?;
    }

    private static async Task RunAsync(NpgsqlConnection connection, string statements, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(statements, connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
