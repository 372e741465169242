using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Tunnel.Hub.Keeping;
using Tunnel.Hub.Keeping.Postgres;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.Hub.UnitTests.Keeping;

public sealed class PostgresSchemaTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    private const string First = "create table something (a integer); insert into something values (1)";
    private const string Second = "alter table something add column b integer not null default 2";

    private PostgresServer Server => postgres.Server;

    [Fact]
    public async Task An_empty_database_gets_the_tables()
    {
        var name = await postgres.MakeDatabaseAsync();
        await MigrateAsync(name, PostgresSchema.Current);
        Assert.Equal("0", await Server.RunAsync(name, "select count(*) from tunnel_hub_state"));
        Assert.Equal("0", await Server.RunAsync(name, "select count(*) from tunnel_hub_leases"));
        Assert.Equal("2", await Server.RunAsync(name, "select version from tunnel_hub_schema"));
    }

    [Fact]
    public async Task Older_tables_are_brought_up_to_date_and_keep_what_they_have()
    {
        var name = await postgres.MakeDatabaseAsync();
        await MigrateAsync(name, new PostgresSchema(First));
        await MigrateAsync(name, new PostgresSchema(First, Second));
        Assert.Equal("1|2", await Server.RunAsync(name, "select a, b from something"));
        Assert.Equal("2", await Server.RunAsync(name, "select version from tunnel_hub_schema"));
    }

    [Fact]
    public async Task Of_hubs_that_come_at_once_one_does_it()
    {
        var name = await postgres.MakeDatabaseAsync();
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => MigrateAsync(name, new PostgresSchema(First, Second))));
        Assert.Equal("1|2", await Server.RunAsync(name, "select a, b from something"));
    }

    [Fact]
    public async Task A_step_that_fails_leaves_the_older_tables()
    {
        var name = await postgres.MakeDatabaseAsync();
        await MigrateAsync(name, new PostgresSchema(First));
        await Assert.ThrowsAsync<PostgresException>(() => MigrateAsync(name, new PostgresSchema(First, Second, "select 1/0")));
        Assert.Equal("1", await Server.RunAsync(name, "select * from something"));
        Assert.Equal("1", await Server.RunAsync(name, "select version from tunnel_hub_schema"));
    }

    [Fact]
    public async Task A_hub_that_is_lost_in_the_midst_of_its_steps_leaves_the_older_tables()
    {
        var name = await postgres.MakeDatabaseAsync();
        await MigrateAsync(name, new PostgresSchema(First));
        await Server.RunAsync(name, "create table gate (a integer)");
        var newer = new PostgresSchema(First, Second, "lock table gate");

        // The last step waits for the gate, which is held until the hub is gone.
        await using var source = new NpgsqlSlimDataSourceBuilder(Server.ConnectionString(name)).Build();
        await using (var holder = await source.OpenConnectionAsync())
        await using (var transaction = await holder.BeginTransactionAsync())
        {
            await using (var held = new NpgsqlCommand("lock table gate", holder))
                await held.ExecuteNonQueryAsync();
            var migrating = MigrateAsync(name, newer);
            const string waiting = "from pg_stat_activity where wait_event_type = 'Lock' and query = 'lock table gate'";
            await Eventually.IsTrueAsync(
                async () => await Server.RunAsync(name, $"select count(*) {waiting}") == "1", "the step that waits");
            await Server.RunAsync(name, $"select pg_terminate_backend(pid) {waiting}");
            await Assert.ThrowsAnyAsync<NpgsqlException>(() => migrating);
        }

        Assert.Equal("1", await Server.RunAsync(name, "select * from something"));
        Assert.Equal("1", await Server.RunAsync(name, "select version from tunnel_hub_schema"));
        await MigrateAsync(name, newer);
        Assert.Equal("1|2", await Server.RunAsync(name, "select a, b from something"));
    }

    [Fact]
    public async Task Newer_tables_are_refused_and_left_alone()
    {
        var name = await postgres.MakeDatabaseAsync();
        await MigrateAsync(name, new PostgresSchema(First, Second));
        var error = await Assert.ThrowsAsync<StateUnavailableException>(() => MigrateAsync(name, new PostgresSchema(First)));
        Assert.Contains("version 2; this hub knows version 1", error.Message, StringComparison.Ordinal);

        await using var database = new PostgresDatabase(
            Server.ConnectionString(name), new PostgresSchema(First), TimeProvider.System, NullLogger.Instance);
        await database.ConnectAsync(CancellationToken.None);
        Assert.Equal(error.Message, database.Fault);
    }

    private async Task MigrateAsync(string database, PostgresSchema schema)
    {
        await using var source = new NpgsqlSlimDataSourceBuilder(Server.ConnectionString(database)).Build();
        await using var connection = await source.OpenConnectionAsync();
        await schema.MigrateAsync(connection, CancellationToken.None);
    }
}
