using System.Collections.Frozen;
using Npgsql;

namespace Tunnel.Hub.Keeping.Postgres;

/// <summary>The leases in the database. Each statement is a transaction of its own and waits for no other hub's.</summary>
internal sealed class PostgresLeases(PostgresDatabase database) : ILeaseTable
{
    // A row that another hub is just changing is not as it was seen.
    private const string Renew =
        """
        with wanted as (
            select lease.name, seen.failing from tunnel_hub_leases lease
            join unnest($2, $3, $4, $5) as seen (name, holder, number, failing)
            on lease.name = seen.name and lease.holder = seen.holder and lease.number = seen.number
            order by lease.name for update of lease skip locked)
        update tunnel_hub_leases lease set holder = $1, number = lease.number + 1, failing = wanted.failing
        from wanted where lease.name = wanted.name returning lease.name
        """;

    private const string Insert =
        """
        insert into tunnel_hub_leases (name, holder, number, failing)
        select name, $1, 1, false from unnest($2) as name order by name
        on conflict (name) do nothing returning name
        """;

    private const string Delete = "delete from tunnel_hub_leases where holder = $1 and name = any($2)";

    private const string Notify = $"select pg_notify('{PostgresDatabase.Channel}', 'leases')";

    public Task<IReadOnlyList<Lease>> ReadAsync(CancellationToken cancellationToken) =>
        database.RunAsync<IReadOnlyList<Lease>>(
            async (connection, token) =>
            {
                await using var command = new NpgsqlCommand("select name, holder, number, failing from tunnel_hub_leases", connection);
                await using var reader = await command.ExecuteReaderAsync(token);
                List<Lease> leases = [];
                while (await reader.ReadAsync(token))
                    leases.Add(new Lease(reader.GetString(0), reader.GetString(1), reader.GetInt64(2), reader.GetBoolean(3)));
                return leases;
            },
            cancellationToken);

    public Task<IReadOnlySet<string>> TakeAsync(
        string holder, IReadOnlyList<Lease> seen, bool isNews, CancellationToken cancellationToken) =>
        database.RunAsync<IReadOnlySet<string>>(
            async (connection, token) =>
            {
                var free = seen.Where(static lease => lease.Holder == "").ToArray();
                var known = seen.Where(static lease => lease.Holder != "").ToArray();
                List<string> mine = [];
                if (known.Length > 0)
                {
                    mine.AddRange(await NamesAsync(
                        connection, Renew, token, Value(holder), Names(known), Value(known.Select(static lease => lease.Holder).ToArray()),
                        Value(known.Select(static lease => lease.Number).ToArray()),
                        Value(known.Select(static lease => lease.IsFailing).ToArray())));
                }

                if (free.Length > 0)
                    mine.AddRange(await NamesAsync(connection, Insert, token, Value(holder), Names(free)));
                if (isNews)
                    await RunAsync(connection, Notify, token);
                return mine.ToFrozenSet(StringComparer.Ordinal);
            },
            cancellationToken);

    public Task ReleaseAsync(string holder, IReadOnlyCollection<string> names, CancellationToken cancellationToken) =>
        database.RunAsync(
            async (connection, token) =>
            {
                await RunAsync(connection, Delete, token, Value(holder), Value(names.ToArray()));
                await RunAsync(connection, Notify, token);
                return true;
            },
            cancellationToken);

    private static async Task<List<string>> NamesAsync(
        NpgsqlConnection connection, string statement, CancellationToken cancellationToken, params NpgsqlParameter[] parameters)
    {
        await using var command = new NpgsqlCommand(statement, connection);
        command.Parameters.AddRange(parameters);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        List<string> names = [];
        while (await reader.ReadAsync(cancellationToken))
            names.Add(reader.GetString(0));
        return names;
    }

    private static async Task RunAsync(
        NpgsqlConnection connection, string statement, CancellationToken cancellationToken, params NpgsqlParameter[] parameters)
    {
        await using var command = new NpgsqlCommand(statement, connection);
        command.Parameters.AddRange(parameters);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static NpgsqlParameter Names(Lease[] leases) => Value(leases.Select(static lease => lease.Name).ToArray());

    private static NpgsqlParameter Value<T>(T value) => new NpgsqlParameter<T>(string.Empty, value);
}
