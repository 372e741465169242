using System.Net;
using System.Text.Json;
using Tunnel.Hub.Admin.Answers;
using Tunnel.Hub.Edges.Allowed;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Hub.Edges.State;
using Tunnel.Hub.Keeping;
using Tunnel.Hub.UnitTests.Edges.Secrets;
using Tunnel.Hub.UnitTests.Fakes;
using Tunnel.Shared.Files;
using Tunnel.Shared.Hosting;
using Tunnel.Shared.Operator;
using Tunnel.TestUtilities;

namespace Tunnel.Hub.UnitTests.Edges.State;

public sealed class EdgeStoreTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly ManualTimeProvider _time = new();
    private readonly FaultyFiles _files = new();
    private readonly CountingHasher _hasher = new();

    private string StateFile => _directory.File("edges.json");

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_change_is_there_after_a_restart_without_the_secret_in_the_file()
    {
        await using (var store = await OpenAsync())
            Assert.True((await store.ReplaceAllAsync([TestEdges.WithSecret("a")], dryRun: false, default)).Succeeded);

        Assert.DoesNotContain(TestEdges.Secret, await File.ReadAllTextAsync(StateFile), StringComparison.Ordinal);
        await using var again = await OpenAsync();
        Assert.Equal([443], again.Find("a")!.TcpPorts);
        Assert.Equal(
            AuthenticationStatus.Accepted,
            (await again.AuthenticateAsync("a", TestEdges.Secret, IPAddress.Loopback, blocked: false, default)).Status);
    }

    [Fact]
    public async Task The_revision_is_the_time_of_the_last_change_also_after_a_restart_and_never_falls()
    {
        long first;
        await using (var store = await OpenAsync())
        {
            Assert.Equal(0, store.State.Revision);
            await store.ReplaceAllAsync([TestEdges.WithSecret("a")], dryRun: false, default);
            first = store.State.Revision;
            Assert.Equal((_time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks / 10, first);
            await store.ReplaceAllAsync([TestEdges.WithSecret("b")], dryRun: true, default);
            Assert.Equal(first, store.State.Revision);
        }

        await using var again = await OpenAsync();
        Assert.Equal(first, again.State.Revision);
        await again.ReplaceAllAsync([TestEdges.WithSecret("b")], dryRun: false, default);
        Assert.Equal(first + 1, again.State.Revision);
        _time.Advance(TimeSpan.FromSeconds(1));
        await again.RemoveAsync("b", default);
        Assert.Equal(first + 1_000_000, again.State.Revision);
    }

    [Fact]
    public async Task The_configurations_edges_count_only_while_there_is_no_state()
    {
        await using (var first = await OpenAsync(TestEdges.WithSecret("seed")))
            Assert.NotNull(first.Find("seed"));
        await using var second = await OpenAsync(TestEdges.WithSecret("other"));
        Assert.NotNull(second.Find("seed"));
        Assert.Null(second.Find("other"));
    }

    [Fact]
    public async Task A_seed_without_a_secret_stops_the_start_and_leaves_no_state()
    {
        await using var store = TestEdges.Store(_directory.Path);
        var error = await Assert.ThrowsAsync<OperatorException>(() => store.LoadAsync([TestEdges.Edge("a", 80)], default));
        Assert.Contains("edges[0].secret", error.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(StateFile));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("""{"version":1}""")]
    [InlineData("""{"version":1,"edges":[{"edge":{"id":"a"}}]}""")]
    [InlineData("""{"version":1,"edges":[{"edge":{"id":"a b"},"secrets":{"salt":"AAAA","items":[]}}]}""")]
    [InlineData("""{"version":1,"edges":[{"edge":{"id":"a","bogus":1},"secrets":{"salt":"AAAA","items":[]}}]}""")]
    [InlineData("""{"version":"1","edges":[]}""")]
    [InlineData("""{"version":1,"edges":null}""")]
    [InlineData("""{"version":1,"edges":[null]}""")]
    [InlineData("""{"version":1,"edges":[{"edge":{"id":"a"},"secrets":null}]}""")]
    [InlineData("""{"version":1,"edges":[{"edge":{"id":"a"},"secrets":{"salt":null,"items":[]}}]}""")]
    [InlineData("""{"version":1,"edges":[{"edge":{"id":"a"},"secrets":{"salt":"AAAA","items":[null]}}]}""")]
    [InlineData("""{"version":3,"edges":[],"other":1}""")]
    public async Task A_state_that_is_not_understood_stops_the_start_and_is_left_as_it_is(string content)
    {
        await File.WriteAllTextAsync(StateFile, content);
        await using var store = TestEdges.Store(_directory.Path);
        var error = await Assert.ThrowsAsync<OperatorException>(() => store.LoadAsync([TestEdges.WithSecret("seed")], default));
        Assert.Contains(StateFile, error.Message, StringComparison.Ordinal);
        Assert.Equal(content, await File.ReadAllTextAsync(StateFile));
    }

    [Theory]
    [InlineData("\"ports\":{}", "\"ports\":{\"default\":{\"targetHost\":\"127.1\"}}")]
    [InlineData("\"id\":\"a\"", "\"id\":\"..\"")]
    [InlineData("\"ports\":{}", "\"ports\":{\"tcp/443\":{\"udpProxyProtocol\":\"off\"}}")]
    public async Task What_an_earlier_version_took_costs_no_start_and_can_be_removed(string now, string then)
    {
        await using (var store = await OpenAsync(TestEdges.WithSecret("a")))
            Assert.NotNull(store.Find("a"));
        await File.WriteAllTextAsync(StateFile, (await File.ReadAllTextAsync(StateFile)).Replace(now, then, StringComparison.Ordinal));

        await using var again = await OpenAsync();
        var old = Assert.Single(again.Current.Values);
        Assert.False((await again.UpdateAsync(old.Definition, default)).Succeeded);
        Assert.True((await again.RemoveAsync(old.Id, default)).Succeeded);
    }

    [Fact]
    public async Task While_another_process_has_the_state_a_change_is_refused_with_the_time_to_come_back()
    {
        await using var store = await OpenAsync(TestEdges.WithSecret("old"));
        _files.Fault = new StatePassedOnException();
        var away = await Assert.ThrowsAsync<StateUnavailableException>(
            () => store.ReplaceAllAsync([TestEdges.WithSecret("new")], dryRun: false, default));
        Assert.Equal(1, away.RetryAfter);
        Assert.False(away.IsUncertain);
        Assert.Equal(["old"], store.Current.Keys);
        Assert.True((await store.ReplaceAllAsync([TestEdges.WithSecret("new")], dryRun: false, default)).Succeeded);
    }

    [Theory]
    [InlineData("write")]
    [InlineData("rename")]
    [InlineData("flush")]
    public async Task A_write_that_fails_leaves_the_old_state_in_force_and_on_the_disk(string step)
    {
        await (await OpenAsync(TestEdges.WithSecret("old"))).DisposeAsync();
        await using var store = await OpenAsync();
        var before = await File.ReadAllTextAsync(StateFile);
        var told = false;
        store.Changed += _ => told = true;

        _files.FailAt = step;
        var error = await Assert.ThrowsAsync<OperatorException>(
            () => store.ReplaceAllAsync([TestEdges.WithSecret("new")], dryRun: false, default));
        Assert.Contains("nothing was changed", error.Message, StringComparison.Ordinal);
        Assert.Equal(["old"], store.Current.Keys);
        Assert.Equal(before, await File.ReadAllTextAsync(StateFile));
        Assert.False(told);
        Assert.True((await store.ReplaceAllAsync([TestEdges.WithSecret("new")], dryRun: false, default)).Succeeded);
    }

    [Theory]
    [InlineData("write", "old")]
    [InlineData("rename", "old")]
    [InlineData("flush", "new")]
    public async Task A_kill_between_the_steps_leaves_the_old_or_the_new_state(string step, string expected)
    {
        await using (var store = await OpenAsync(TestEdges.WithSecret("old")))
        {
            (_files.Killed, _files.FailAt) = (true, step);
            await Assert.ThrowsAsync<OperatorException>(() => store.ReplaceAllAsync([TestEdges.WithSecret("new")], dryRun: false, default));
        }

        await using var again = TestEdges.Store(_directory.Path);
        await again.LoadAsync([], default);
        Assert.Equal([expected], again.Current.Keys);
        Assert.True((await again.RemoveAsync(expected, default)).Succeeded);
    }

    [Fact]
    public async Task The_first_change_that_fails_leaves_no_state()
    {
        await using var store = await OpenAsync();
        _files.FailAt = "flush";
        await Assert.ThrowsAsync<OperatorException>(() => store.AddAsync(TestEdges.WithSecret("a"), default));
        Assert.False(File.Exists(StateFile));
    }

    [Fact]
    public async Task An_invalid_set_and_a_dry_run_change_nothing()
    {
        await using var store = await OpenAsync(TestEdges.WithSecret("a"));
        var before = await File.ReadAllTextAsync(StateFile);

        var invalid = await store.ReplaceAllAsync([TestEdges.Edge("a", 80), TestEdges.Edge("new", 80)], dryRun: false, default);
        Assert.Equal(("$[1].secret", EdgeUpdateStatus.Invalid), (Assert.Single(invalid.Errors).Path, invalid.Status));

        var dry = await store.ReplaceAllAsync([TestEdges.Edge("a", 80)], dryRun: true, default);
        var edge = Assert.Single(dry.Diff.Edges);
        Assert.Equal(["tcp/80"], edge.PortsAdded);
        Assert.Equal(["tcp/443"], edge.PortsRemoved);
        Assert.Equal(before, await File.ReadAllTextAsync(StateFile));
        Assert.Equal([443], store.Find("a")!.TcpPorts);
    }

    [Fact]
    public async Task Replacing_keeps_a_secret_that_is_not_given_or_is_the_same_and_ends_another()
    {
        await using var store = await OpenAsync(
            TestEdges.WithSecret("a"), TestEdges.WithSecret("b"), TestEdges.WithSecret("c"), TestEdges.WithSecret("d"));
        var tunnels = await Task.WhenAll(
            store.Current.Keys.Order().Select(
                async id => (await store.AuthenticateAsync(id, TestEdges.Secret, IPAddress.Loopback, blocked: false, default)).SecretId));

        await store.ReplaceAllAsync(
            [TestEdges.Edge("a", 80), TestEdges.WithSecret("b"), TestEdges.WithSecret("c", TestEdges.OtherSecret)], dryRun: false, default);
        Assert.True(store.IsStillValid("a", tunnels[0]));
        Assert.True(store.IsStillValid("b", tunnels[1]));
        Assert.False(store.IsStillValid("c", tunnels[2]));
        Assert.False(store.IsStillValid("d", tunnels[3]));
        Assert.Equal(
            AuthenticationStatus.Refused,
            (await store.AuthenticateAsync("c", TestEdges.Secret, IPAddress.Loopback, blocked: false, default)).Status);
        Assert.Equal(
            AuthenticationStatus.Accepted,
            (await store.AuthenticateAsync("c", TestEdges.OtherSecret, IPAddress.Loopback, blocked: false, default)).Status);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_chosen_secret_that_is_written_again_or_changes_is_hashed_slowly_once_at_most(bool changes)
    {
        await using var store = await OpenAsync(TestEdges.WithSecret("a"));
        _hasher.TakeWork();
        var edge = TestEdges.WithSecret("a") with { Secret = changes ? TestEdges.OtherSecret : TestEdges.Secret };
        Assert.True((await store.ReplaceAllAsync([edge], dryRun: false, default)).Succeeded);
        Assert.Equal(changes ? 1 : 0, _hasher.TakeWork().Split(' ').Count(work => work.StartsWith("slow", StringComparison.Ordinal)));
        Assert.Equal(
            AuthenticationStatus.Accepted,
            (await store.AuthenticateAsync("a", edge.Secret, IPAddress.Loopback, blocked: false, default)).Status);
    }

    [Fact]
    public async Task Unknown_id_wrong_secret_and_disabled_edge_are_refused_after_the_same_work()
    {
        await using var store = await OpenAsync(TestEdges.WithSecret("a"), TestEdges.WithSecret("off") with { Enabled = false });
        await store.AddAsync(TestEdges.Edge("generated", 1), default);
        var works = new List<string>();
        foreach (var (id, secret) in ((string, string)[])[
            ("nobody", TestEdges.Secret), ("a", TestEdges.OtherSecret), ("off", TestEdges.Secret), ("off", TestEdges.OtherSecret),
            ("generated", TestEdges.Secret)])
        {
            _hasher.TakeWork();
            var result = await store.AuthenticateAsync(id, secret, IPAddress.Loopback, blocked: false, default);
            Assert.Equal(AuthenticationResult.Refused, result);
            works.Add(_hasher.TakeWork());
        }

        Assert.Single(works.Distinct());
        Assert.Contains("slow", works[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_disabled_edge_ends_its_tunnels_and_is_there_when_enabled_again()
    {
        await using var store = await OpenAsync(TestEdges.WithSecret("a"));
        var secret = (await store.AuthenticateAsync("a", TestEdges.Secret, IPAddress.Loopback, blocked: false, default)).SecretId;
        await store.UpdateAsync(store.Find("a")!.Definition with { Enabled = false }, default);
        Assert.False(store.IsStillValid("a", secret));
        await store.UpdateAsync(store.Find("a")!.Definition with { Enabled = true }, default);
        Assert.True(store.IsStillValid("a", secret));
        Assert.Equal([443], store.Find("a")!.TcpPorts);
    }

    [Fact]
    public async Task Rotation_keeps_the_old_secret_for_the_grace_period_and_then_tells_the_listeners()
    {
        await using var store = await OpenAsync(TestEdges.WithSecret("a"));
        var old = (await store.AuthenticateAsync("a", TestEdges.Secret, IPAddress.Loopback, blocked: false, default)).SecretId;
        var fresh = (await store.RotateSecretAsync("a", chosen: null, TimeSpan.FromHours(24), default)).NewSecret!;
        Assert.Equal(
            AuthenticationStatus.Accepted, (await store.AuthenticateAsync("a", fresh, IPAddress.Loopback, blocked: false, default)).Status);
        Assert.True(store.IsStillValid("a", old));

        var told = ListenFor(store, change => change.Updated.Contains("a") && !store.IsStillValid("a", old));
        _time.Advance(TimeSpan.FromHours(24));
        await told;
        Assert.False(await store.HasSecretAsync("a", TestEdges.Secret, default));
        Assert.True(await store.HasSecretAsync("a", fresh, default));
    }

    [Fact]
    public async Task Expiry_survives_a_restart()
    {
        await using (var store = await OpenAsync(TestEdges.WithSecret("a")))
            await store.RotateSecretAsync("a", TestEdges.OtherSecret, TimeSpan.FromHours(1), default);
        _time.Advance(TimeSpan.FromHours(2));
        await using var again = await OpenAsync();
        Assert.False(await again.HasSecretAsync("a", TestEdges.Secret, default));
        Assert.True(await again.HasSecretAsync("a", TestEdges.OtherSecret, default));
    }

    [Fact]
    public async Task Adding_updating_and_removing_say_what_is_there_and_what_is_not()
    {
        await using var store = await OpenAsync();
        Assert.Equal(EdgeUpdateStatus.NotFound, (await store.UpdateAsync(TestEdges.Edge("a", 1), default)).Status);
        Assert.Equal(EdgeUpdateStatus.NotFound, (await store.RemoveAsync("a", default)).Status);
        Assert.Equal(EdgeUpdateStatus.NotFound, (await store.RotateSecretAsync("a", null, TimeSpan.Zero, default)).Status);
        var added = await store.AddAsync(TestEdges.Edge("a", 1), default);
        Assert.Equal(43, added.NewSecret!.Length);
        Assert.DoesNotContain(added.NewSecret, added.ToString(), StringComparison.Ordinal);
        Assert.Equal(EdgeUpdateStatus.AlreadyExists, (await store.AddAsync(TestEdges.Edge("a", 1), default)).Status);
        Assert.Equal(EdgeUpdateStatus.Invalid, (await store.UpdateAsync(TestEdges.Edge("a", 0), default)).Status);
        Assert.True((await store.RemoveAsync("a", default)).Succeeded);
        Assert.Empty(store.Current);
    }

    [Fact]
    public async Task Writers_at_the_same_time_lose_nothing()
    {
        await using var store = await OpenAsync();
        await Task.WhenAll(Enumerable.Range(1, 50).Select(n => store.AddAsync(TestEdges.Edge($"edge-{n}", n), default)));
        Assert.Equal(50, store.Current.Count);
        await using var again = await OpenAsync();
        Assert.Equal(50, again.Current.Count);
    }

    [Fact]
    public async Task The_set_is_never_larger_than_allowed()
    {
        await using var store = TestEdges.Store(_directory.Path, maxEdges: 1);
        await store.AddAsync(TestEdges.Edge("a", 1), default);
        Assert.Equal(EdgeUpdateStatus.Invalid, (await store.AddAsync(TestEdges.Edge("b", 1), default)).Status);
    }

    [Fact]
    public async Task All_edges_together_have_no_more_ports_than_the_hub_holds_however_they_come()
    {
        const int full = EdgeSetValidator.MaxPortsInAll / EdgeSetValidator.MaxPortsPerEdge;
        await using var store = await OpenAsync();
        EdgeDefinition[] many = [.. Enumerable.Range(0, full + 1).Select(n => Full($"edge-{n}"))];
        var refused = await store.ReplaceAllAsync(many, dryRun: false, default);
        Assert.Equal(
            "all edges together may have at most 1048576 ports; shorten ranges, or remove edges that are no longer needed",
            Assert.Single(refused.Errors).Message);
        Assert.Equal("1064960 ports", refused.Errors[0].Value);

        Assert.True((await store.ReplaceAllAsync(many[1..], dryRun: false, default)).Succeeded);
        Assert.Equal(EdgeUpdateStatus.Invalid, (await store.AddAsync(TestEdges.Edge("one-more", 443), default)).Status);
        Assert.True((await store.UpdateAsync(many[1] with { ListenPorts = [new(1, 16_000)] }, default)).Succeeded);
        Assert.True((await store.AddAsync(TestEdges.Edge("one-more", 443), default)).Succeeded);
        Assert.Equal(EdgeUpdateStatus.Invalid, (await store.UpdateAsync(many[1], default)).Status);

        static EdgeDefinition Full(string id) =>
            new() { Id = id, Secret = "generated-" + id.PadLeft(20, '0'), ListenPorts = [new(1, EdgeSetValidator.MaxPortsPerEdge)] };
    }

    [Fact]
    public async Task A_certificate_that_has_ended_is_refused_when_it_is_new_and_else_keeps_no_other_change_from_being_made()
    {
        await using var store = await OpenAsync();
        var path = TestCertificates.Write(_directory.Path, "a.test");
        var edge = WithCertificates(path);
        Assert.True((await store.AddAsync(edge, default)).Succeeded);
        using (var ended = TestCertificates.Make(null, DateTimeOffset.UtcNow.AddDays(-1), "a.test"))
            await File.WriteAllTextAsync(path, TestCertificates.Pem(ended));

        var renamed = await store.UpdateAsync(edge with { StunIntervalSecs = 60 }, default);
        Assert.True(renamed.Succeeded);
        var warning = Assert.Single(renamed.Warnings);
        Assert.Equal("$.ports['default'].tls.certificates[0].certPem", warning.Path);
        Assert.Contains("ended at", warning.Message, StringComparison.Ordinal);
        Assert.True((await store.ReplaceAllAsync([edge, TestEdges.WithSecret("b")], dryRun: false, default)).Succeeded);
        Assert.True(
            (await store.EditAsync("a", (was, _) => was with { ListenPorts = [443, 444] }, dryRun: false, default, null)).Succeeded);

        // Another certificate may be added, but none that has ended.
        Assert.True(
            (await store.UpdateAsync(WithCertificates(path, TestCertificates.Write(_directory.Path, "b.test")), default)).Succeeded);
        var other = _directory.File("other.pem");
        File.Copy(path, other);
        Assert.Equal(
            "$.ports['default'].tls.certificates[1].certPem",
            Assert.Single((await store.UpdateAsync(WithCertificates(path, other), default)).Errors).Path);
        Assert.Equal(EdgeUpdateStatus.Invalid, (await store.AddAsync(edge with { Id = "c" }, default)).Status);

        static EdgeDefinition WithCertificates(params string[] paths) => TestEdges.WithSecret("a") with
        {
            Ports = EdgeDefinition.NoPorts.Add("default", new PortPolicyDefinition
            {
                Tls = new TlsDefinition
                {
                    Certificates = new ValueList<CertificateDefinition>(
                        [.. paths.Select(path => new CertificateDefinition { CertPem = path })]),
                },
            }),
        };
    }

    [Fact]
    public async Task A_key_as_text_is_kept_and_never_shown_and_what_is_shown_can_be_written_again()
    {
        using var certificate = TestCertificates.Make(null, null, "a.test");
        var key = TestCertificates.KeyPem(certificate);
        var tls = new TlsDefinition
        {
            Certificates = new ValueList<CertificateDefinition>([
                new CertificateDefinition { CertPem = certificate.ExportCertificatePem(), KeyPem = key }]),
        };
        var edge = TestEdges.WithSecret(
            "a") with
        { Ports = EdgeDefinition.NoPorts.Add("tcp/443", new PortPolicyDefinition { Tls = tls }), ListenPorts = [443] };
        await using (var store = await OpenAsync())
        {
            Assert.Empty((await store.AddAsync(edge, default)).Errors);
            var shown = JsonSerializer.Serialize(store.Current["a"].Definition, AdminJson.Default.EdgeDefinition);
            Assert.DoesNotContain("PRIVATE KEY", shown, StringComparison.Ordinal);
            Assert.Contains("BEGIN CERTIFICATE", shown, StringComparison.Ordinal);

            using var document = JsonDocument.Parse(shown.Replace("443]", "443,444]", StringComparison.Ordinal));
            var written = new EdgeDefinitionReader(new FaultList()).ReadEdge(document.RootElement, "$")!;
            var updated = await store.UpdateAsync(written, default);
            Assert.Empty(updated.Errors);
            Assert.Equal(["tcp/444"], Assert.Single(updated.Diff.Edges).PortsAdded);
            Assert.Empty(updated.Diff.Edges[0].PortsChanged);
            Assert.True((await store.ReplaceAllAsync([written], dryRun: false, default)).Diff.IsEmpty);
            Assert.True((await store.EditAsync("a", (_, _) => written with { Enabled = false }, dryRun: false, default)).Succeeded);

            // A placeholder for a key has no meaning at another edge.
            var fault = Assert.Single((await store.AddAsync(written with { Id = "b" }, default)).Errors);
            Assert.Equal("$.ports['tcp/443'].tls.certificates[0].keyPem", fault.Path);
            Assert.Contains("has none such", fault.Message, StringComparison.Ordinal);
        }

        await using var again = await OpenAsync();
        Assert.Equal(tls, again.Current["a"].Definition.Ports["tcp/443"].Tls);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(StateFile));
    }

    [Fact]
    public async Task A_change_that_is_given_up_while_it_hashes_writes_nothing()
    {
        await using var store = await OpenAsync();
        using var giveUp = new CancellationTokenSource();
        _hasher.OnSlow = giveUp.Cancel;
        EdgeDefinition[] edges = [.. Enumerable.Range(0, 50).Select(n => TestEdges.WithSecret($"edge-{n}"))];
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => store.ReplaceAllAsync(edges, dryRun: false, giveUp.Token));
        Assert.Empty(store.Current);
        Assert.False(File.Exists(StateFile));
    }

    [Fact]
    public async Task After_its_end_the_store_takes_no_change()
    {
        var store = await OpenAsync();
        await store.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => store.AddAsync(TestEdges.Edge("a", 1), default));
    }

    private async Task<EdgeStore> OpenAsync(params EdgeDefinition[] seed)
    {
        var store = TestEdges.Store(_directory.Path, _hasher, _time, _files);
        await store.LoadAsync(seed, default);
        return store;
    }

    private static Task ListenFor(EdgeStore store, Func<EdgeSetChange, bool> wanted)
    {
        var told = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        store.Changed += change =>
        {
            if (wanted(change))
                told.TrySetResult();
        };
        return told.Task.WaitAsync(TimeSpan.FromSeconds(30));
    }
}
