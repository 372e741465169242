using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Hub.Edges.Allowed;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Hub.Edges.Secrets;
using Tunnel.Hub.Edges.State;
using Tunnel.Hub.UnitTests.Fakes;
using Tunnel.Shared.Files;
using Tunnel.Shared.Guarding;
using Tunnel.TestUtilities;

namespace Tunnel.Hub.UnitTests.Edges.Secrets;

/// <summary>Chosen secrets that were right are known again after a restart of the hub, without a slow hash.</summary>
public sealed class SecretMemoryTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly ManualTimeProvider _time = new();
    private readonly FaultyFiles _files = new();

    private string KeyFile => _directory.File("remembered-secrets.key");

    private string HashFile => _directory.File("remembered-secrets.json");

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task An_edge_that_was_let_in_once_passes_after_a_restart_even_where_somebody_guesses()
    {
        await using (var store = await OpenAsync(TestEdges.WithSecret("a"), TestEdges.WithSecret("b")))
            Assert.Equal(AuthenticationStatus.Accepted, await AskAsync(store, "a", TestEdges.Secret, blocked: true));

        await using var again = await OpenAsync();
        Assert.Equal(AuthenticationStatus.Accepted, await AskAsync(again, "a", TestEdges.Secret, blocked: true));
        Assert.Equal(AuthenticationStatus.Accepted, await AskAsync(again, "b", TestEdges.Secret, blocked: true));
        Assert.Equal(AuthenticationStatus.Refused, await AskAsync(again, "a", TestEdges.OtherSecret, blocked: true));
    }

    [Fact]
    public async Task Who_is_blocked_and_not_remembered_costs_nothing_and_is_refused()
    {
        await using (await OpenAsync(TestEdges.WithSecret("a")))
        {
        }

        File.Delete(HashFile);
        var hasher = new CountingHasher();
        await using var store = await OpenAsync(hasher);
        Assert.Equal(AuthenticationStatus.Refused, await AskAsync(store, "a", TestEdges.OtherSecret, blocked: true));
        Assert.Equal(AuthenticationStatus.Refused, await AskAsync(store, "nobody", TestEdges.OtherSecret, blocked: true));
        Assert.DoesNotContain("slow", hasher.TakeWork(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_secret_that_was_replaced_is_forgotten_on_the_disk_too()
    {
        await using (var store = await OpenAsync(TestEdges.WithSecret("a")))
        {
            await store.RotateSecretAsync("a", TestEdges.OtherSecret, TimeSpan.Zero, default);
            Assert.Equal(AuthenticationStatus.Refused, await AskAsync(store, "a", TestEdges.Secret, blocked: true));
        }

        Assert.Single(ReadFile().Load(NullLogger.Instance).Hashes);
        await using var again = await OpenAsync();
        Assert.Equal(AuthenticationStatus.Refused, await AskAsync(again, "a", TestEdges.Secret, blocked: false));
        Assert.Equal(AuthenticationStatus.Accepted, await AskAsync(again, "a", TestEdges.OtherSecret, blocked: true));
        Assert.True((await again.RemoveAsync("a", default)).Succeeded);
        await again.DisposeAsync();
        Assert.Empty(ReadFile().Load(NullLogger.Instance).Hashes);
    }

    [Fact]
    public async Task Both_files_are_their_owners_alone_and_neither_has_the_secret()
    {
        await using (await OpenAsync(TestEdges.WithSecret("a")))
        {
        }

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(KeyFile));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(HashFile));
        Assert.DoesNotContain(TestEdges.Secret, await File.ReadAllTextAsync(HashFile), StringComparison.Ordinal);
        Assert.DoesNotContain(
            Convert.ToBase64String(await File.ReadAllBytesAsync(KeyFile)), await File.ReadAllTextAsync(HashFile), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("key", "")]
    [InlineData("key", null)]
    [InlineData("json", "{")]
    [InlineData("json", """{"secrets":{"3f2504e0-4f89-11d3-9a0c-0305e82c3301":"AAAA"}}""")]
    [InlineData("json", null)]
    public async Task What_is_damaged_costs_a_slow_hash_and_is_begun_anew(string extension, string? content)
    {
        await using (await OpenAsync(TestEdges.WithSecret("a")))
        {
        }

        var path = _directory.File("remembered-secrets." + extension);
        if (content is null)
            File.Delete(path);
        else
            await File.WriteAllTextAsync(path, content);

        await using (var store = await OpenAsync())
        {
            Assert.Equal(AuthenticationStatus.Refused, await AskAsync(store, "a", TestEdges.Secret, blocked: true));
            Assert.Equal(AuthenticationStatus.Accepted, await AskAsync(store, "a", TestEdges.Secret, blocked: false));
        }

        await using var again = await OpenAsync();
        Assert.Equal(AuthenticationStatus.Accepted, await AskAsync(again, "a", TestEdges.Secret, blocked: true));
    }

    [Fact]
    public async Task A_kill_a_second_after_the_first_connect_loses_nothing_and_a_full_disk_no_edge()
    {
        await using var store = await OpenAsync(TestEdges.WithSecret("a"));
        _files.FailAt = "write";
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(SpinWait.SpinUntil(() => _files.FailAt is null, Patience.Limit));
        Assert.Equal(AuthenticationStatus.Accepted, await AskAsync(store, "a", TestEdges.Secret, blocked: true));

        await store.RotateSecretAsync("a", TestEdges.OtherSecret, TimeSpan.FromHours(1), default);
        Assert.True(SpinWait.SpinUntil(
            () =>
            {
                _time.Advance(TimeSpan.FromSeconds(1));
                return ReadFile().Load(NullLogger.Instance).Hashes.Count == 2;
            },
            Patience.Limit));
    }

    [Fact]
    public async Task A_fault_that_nobody_expected_while_it_is_saved_is_logged_and_the_next_save_comes()
    {
        var defects = new DefectLog();
        using var subscription = Defects.LogTo(defects);
        await using var store = await OpenAsync(TestEdges.WithSecret("a"));
        _files.Fault = new InvalidOperationException("a defect while saving");
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(SpinWait.SpinUntil(() => defects.Has("a defect while saving"), Patience.Limit));

        await store.RotateSecretAsync("a", TestEdges.OtherSecret, TimeSpan.FromHours(1), default);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(SpinWait.SpinUntil(() => ReadFile().Load(NullLogger.Instance).Hashes.Count == 2, Patience.Limit));
    }

    [Fact]
    public async Task A_fault_that_nobody_expected_while_secrets_expire_is_logged()
    {
        var defects = new DefectLog();
        using var subscription = Defects.LogTo(defects);
        await using var store = await OpenAsync(TestEdges.WithSecret("a"));
        await store.RotateSecretAsync("a", TestEdges.OtherSecret, TimeSpan.FromHours(1), default);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(SpinWait.SpinUntil(() => ReadFile().Load(NullLogger.Instance).Hashes.Count == 2, Patience.Limit));
        _files.Fault = new InvalidOperationException("a defect while expiring");
        _time.Advance(TimeSpan.FromHours(1));
        Assert.True(SpinWait.SpinUntil(() => defects.Has("a defect while expiring"), Patience.Limit));
    }

    private static async Task<AuthenticationStatus> AskAsync(EdgeStore store, string id, string secret, bool blocked) =>
        (await store.AuthenticateAsync(id, secret, IPAddress.Loopback, blocked, default)).Status;

    private SecretMemoryFile ReadFile() => new(_directory.Path, new StateFiles());

    private Task<EdgeStore> OpenAsync(params EdgeDefinition[] seed) => OpenAsync(null, seed);

    private async Task<EdgeStore> OpenAsync(ISecretHasher? hasher, params EdgeDefinition[] seed)
    {
        var memory = new SecretMemory(new SecretMemoryFile(_directory.Path, _files), _time, NullLogger.Instance);
        var store = TestEdges.Store(_directory.Path, hasher ?? new SecretHasher(memory.Key), _time, _files, memory: memory);
        await store.LoadAsync(seed, default);
        return store;
    }
}
