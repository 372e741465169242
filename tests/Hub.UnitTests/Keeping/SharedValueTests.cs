using Tunnel.Hub.Keeping;
using Tunnel.Hub.UnitTests.Fakes;
using Tunnel.Shared.Hosting;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.Hub.UnitTests.Keeping;

/// <summary>Hubs share a value in a database; here it is a list of words.</summary>
public sealed class SharedValueTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>, IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task What_one_changes_is_in_force_at_the_other()
    {
        var name = await postgres.MakeDatabaseAsync();
        await using var one = await OpenAsync(name, "one");
        await using var other = await OpenAsync(name, "other");
        await one.AddAsync("a");
        await other.WaitForAsync("a");
        await other.AddAsync("b");
        await one.WaitForAsync("a b");

        await using var late = await OpenAsync(name, "late");
        Assert.Equal("a b", late.Words);
    }

    [Fact]
    public async Task A_change_is_made_of_the_newest_value_although_nobody_has_told_of_it()
    {
        var name = await postgres.MakeDatabaseAsync();
        await using var one = await OpenAsync(name, "one", isWatching: false);
        await using var other = await OpenAsync(name, "other", isWatching: false);
        await one.AddAsync("a");
        await other.AddAsync("b");
        Assert.Equal("a b", other.Words);
    }

    [Fact]
    public async Task A_change_that_another_hub_overtakes_is_made_again()
    {
        var name = await postgres.MakeDatabaseAsync();
        await using var one = await OpenAsync(name, "one");
        await using var other = await OpenAsync(name, "other");
        var tries = 0;
        await one.Value.ChangeAsync(
            before =>
            {
                // The other one writes while this one works out its change.
                if (tries++ == 0)
                    other.AddAsync("faster").GetAwaiter().GetResult();
                return before + " slow";
            },
            CancellationToken.None);
        Assert.Equal(2, tries);
        Assert.Equal("faster slow", one.Words);
        await other.WaitForAsync("faster slow");
    }

    [Fact]
    public async Task A_notice_that_is_lost_delays_a_change_and_loses_nothing()
    {
        var name = await postgres.MakeDatabaseAsync();
        await using var one = await OpenAsync(name, "one");
        await one.AddAsync("a");
        await postgres.Server.RunAsync(name, """update tunnel_hub_state set content = '"b"', revision = revision + 1""");
        await one.WaitForAsync("b");
    }

    [Fact]
    public async Task A_hub_that_starts_without_the_database_has_what_it_knew_and_takes_no_change_until_it_is_back()
    {
        var name = await postgres.MakeDatabaseAsync();
        await using (var before = await OpenAsync(name, "one"))
            await before.AddAsync("a");

        // The database is as good as gone: nobody may connect.
        await postgres.Server.RunAsync("postgres", $"alter database {name} allow_connections false");
        await using var one = await OpenAsync(name, "one");
        await using var fresh = await OpenAsync(name, "fresh");
        Assert.Equal(("a", ""), (one.Words, fresh.Words));
        var error = await Assert.ThrowsAsync<StateUnavailableException>(() => one.AddAsync("b"));
        Assert.Contains($"database {name} at {postgres.Server.Host} can't be used now: ", error.Message, StringComparison.Ordinal);
        Assert.Equal("a", one.Words);

        await postgres.Server.RunAsync("postgres", $"alter database {name} allow_connections true");
        await fresh.WaitForAsync("a");
        await one.WaitUntilUsableAsync();
        await one.AddAsync("b");
        await fresh.WaitForAsync("a b");
    }

    [Fact]
    public async Task A_database_that_was_made_anew_takes_nothing_from_a_hub_that_knows_some()
    {
        var name = await postgres.MakeDatabaseAsync();
        await using var one = await OpenAsync(name, "one");
        await one.AddAsync("a");
        await postgres.Server.RunAsync(name, "truncate tunnel_hub_state");
        await Eventually.IsTrueAsync(() => Task.FromResult(one.Database.Fault is not null), "the fault");
        Assert.Contains("has no words, while this hub knows some", one.Database.Fault, StringComparison.Ordinal);
        await Assert.ThrowsAsync<StateUnavailableException>(() => one.AddAsync("b"));
        Assert.Equal("a", one.Words);

        await using var again = await OpenAsync(name, "one");
        Assert.Equal("a", again.Words);
    }

    [Fact]
    public async Task What_can_not_be_read_changes_nothing()
    {
        var name = await postgres.MakeDatabaseAsync();
        await using var one = await OpenAsync(name, "one");
        await one.AddAsync("a");
        await postgres.Server.RunAsync(name, "update tunnel_hub_state set content = '5', revision = revision + 1");
        var error = await Assert.ThrowsAsync<StateUnavailableException>(() => one.AddAsync("b"));
        Assert.Contains("not words", error.Message, StringComparison.Ordinal);
        Assert.Equal("a", one.Words);
    }

    [Fact]
    public async Task What_can_not_be_read_does_not_take_the_place_of_the_copy()
    {
        var name = await postgres.MakeDatabaseAsync();
        await using (var before = await OpenAsync(name, "one"))
        {
            await before.AddAsync("a");
            await postgres.Server.RunAsync(name, "update tunnel_hub_state set content = '5', revision = revision + 1; notify tunnel_hub");
            await Eventually.IsTrueAsync(() => Task.FromResult(before.Database.Fault is not null), "the fault");
        }

        // A hub that is started then begins with the copy, and one without a copy does not begin.
        await using (var again = await OpenAsync(name, "one"))
        {
            Assert.Equal("a", again.Words);
            await Eventually.IsTrueAsync(() => Task.FromResult(again.Database.Fault is not null), "the fault");
            Assert.Contains("not words", again.Database.Fault, StringComparison.Ordinal);
            await Assert.ThrowsAsync<StateUnavailableException>(() => again.AddAsync("b"));
        }

        await Assert.ThrowsAsync<OperatorException>(() => OpenAsync(name, "fresh"));
        await postgres.Server.RunAsync("postgres", $"alter database {name} allow_connections false");
        await using var one = await OpenAsync(name, "one");
        Assert.Equal("a", one.Words);
    }

    [Fact]
    public async Task What_can_not_be_read_keeps_the_hub_from_nothing_else()
    {
        var name = await postgres.MakeDatabaseAsync();
        await using var one = await OpenAsync(name, "one", isWatching: false);
        await one.AddAsync("a");
        await postgres.Server.RunAsync(name, "update tunnel_hub_state set content = '5', revision = revision + 1");
        var looks = 0;
        one.Database.Watch(_ =>
        {
            Interlocked.Increment(ref looks);
            return Task.CompletedTask;
        });
        one.Database.Start();
        await Eventually.IsTrueAsync(
            () => Task.FromResult(Volatile.Read(ref looks) > 0 && one.Database.Fault is not null), "the others to be read");
        Assert.Contains("not words", one.Database.Fault, StringComparison.Ordinal);

        await postgres.Server.RunAsync(name, """update tunnel_hub_state set content = '"b"', revision = revision + 1; notify tunnel_hub""");
        await one.WaitForAsync("b");
        await one.WaitUntilUsableAsync();
    }

    [Fact]
    public async Task A_change_that_takes_long_holds_up_nothing_else_that_is_shared()
    {
        var name = await postgres.MakeDatabaseAsync();
        await using var one = await OpenAsync(name, "one", isWatching: false);
        var looks = 0;
        one.Database.Watch(_ =>
        {
            Interlocked.Increment(ref looks);
            return Task.CompletedTask;
        });
        one.Database.Start();
        await one.AddAsync("a");
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var rest = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var change = one.Value.ChangeAsync(
            before =>
            {
                begun.TrySetResult();
                rest.Task.Wait();
                return $"{before} slow";
            },
            CancellationToken.None);
        await begun.Task.WaitAsync(Patience.Limit);

        // One look may be under way already.
        var before = Volatile.Read(ref looks);
        await Eventually.IsTrueAsync(
            async () =>
            {
                await postgres.Server.RunAsync(name, "notify tunnel_hub");
                return Volatile.Read(ref looks) >= before + 3;
            },
            "looks at something else");
        Assert.Equal("a", one.Words);

        // What was missed meanwhile is looked at afterwards.
        await using var other = await OpenAsync(name, "other");
        await other.AddAsync("faster");
        rest.SetResult();
        await change.WaitAsync(Patience.Limit);
        Assert.Equal("a faster slow", one.Words);
        await other.AddAsync("last");
        await one.WaitForAsync("a faster slow last");
    }

    [Fact]
    public async Task Two_that_change_it_a_thousand_times_lose_nothing()
    {
        var name = await postgres.MakeDatabaseAsync();
        await using var one = await OpenAsync(name, "one");
        await using var other = await OpenAsync(name, "other");
        await Task.WhenAll(
            Task.Run(() => AddManyAsync(one, 0)), Task.Run(() => AddManyAsync(other, 500)));
        var all = string.Join(' ', Enumerable.Range(0, 1000));
        await one.WaitForAsync(all, inOrder: false);
        await other.WaitForAsync(one.Words);
    }

    [Theory]
    [InlineData("", "tunnel-hub")]
    [InlineData(";Application Name=mine", "mine")]
    public async Task What_the_connection_string_does_not_say_is_the_hubs_own(string said, string expected)
    {
        var name = await postgres.MakeDatabaseAsync();
        await using var one = await Replica.OpenAsync(postgres.Server.ConnectionString(name) + said, _directory.File("one"));
        await one.AddAsync("a");
        Assert.Equal(
            expected,
            await postgres.Server.RunAsync(
                "postgres", $"select distinct application_name from pg_stat_activity where datname = '{name}'"));
    }

    private static async Task AddManyAsync(Replica hub, int first)
    {
        for (var number = first; number < first + 500; number++)
            await hub.AddAsync($"{number}");
    }

    private Task<Replica> OpenAsync(string database, string hub, bool isWatching = true) =>
        Replica.OpenAsync(postgres.Server.ConnectionString(database), _directory.File(hub), isWatching);
}
