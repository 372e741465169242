using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Hub.Keeping;
using Tunnel.Hub.Keeping.Postgres;

namespace Tunnel.Hub.UnitTests.Keeping;

public sealed class PostgresLeasesTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [Fact]
    public async Task A_lease_is_changed_only_as_it_was_seen_and_let_go_of_only_by_its_holder()
    {
        var name = await postgres.MakeDatabaseAsync();
        await using var database = new PostgresDatabase(
            postgres.Server.ConnectionString(name), PostgresSchema.Current, TimeProvider.System, NullLogger.Instance);
        await database.ConnectAsync(CancellationToken.None);
        var leases = new PostgresLeases(database);

        Assert.Empty(await leases.ReadAsync(CancellationToken.None));
        Lease[] free = [new("b", "", 0, false), new("a", "", 0, false)];
        Assert.Equal(["a", "b"], (await TakeAsync("one", free)).Order());
        Assert.Empty(await TakeAsync("other", free));
        Assert.Equal([new("a", "one", 1, false), new("b", "one", 1, false)], await ReadAsync());

        // The lease is renewed together with the word that its holder fails; what the other has seen is old then.
        Assert.Equal(["a"], await TakeAsync("one", new Lease("a", "one", 1, true), new Lease("b", "one", 5, true)));
        Assert.Empty(await TakeAsync("other", new Lease("a", "one", 1, false)));
        Assert.Equal(["a", "c"], (await TakeAsync("other", new Lease("a", "one", 2, false), new Lease("c", "", 0, false))).Order());
        Assert.Equal([new("a", "other", 3, false), new("b", "one", 1, false), new("c", "other", 1, false)], await ReadAsync());

        await leases.ReleaseAsync("one", ["a", "b"], CancellationToken.None);
        Assert.Equal([new("a", "other", 3, false), new("c", "other", 1, false)], await ReadAsync());

        Task<IReadOnlySet<string>> TakeAsync(string holder, params Lease[] seen) =>
            leases.TakeAsync(holder, seen, isNews: true, CancellationToken.None);

        async Task<IEnumerable<Lease>> ReadAsync() =>
            (await leases.ReadAsync(CancellationToken.None)).OrderBy(lease => lease.Name, StringComparer.Ordinal);
    }
}
