using System.Net;
using System.Security.Cryptography;
using Tunnel.Hub.Edges.Secrets;
using Tunnel.Shared.Protocol.Addresses;

namespace Tunnel.Hub.UnitTests.Edges.Secrets;

public sealed class SecretVerifierTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private static readonly AddressPrefix Here = AddressPrefix.Of(IPAddress.Loopback);

    private readonly CountingHasher _hasher = new();

    [Fact]
    public async Task A_generated_secret_costs_no_slow_hash()
    {
        var verifier = new SecretVerifier(_hasher, new SecretMemory());
        var (edge, record) = WithGenerated(verifier, "generated-secret");
        _hasher.TakeWork();
        Assert.Equal(
            (SecretMatch.Matched, record.Id),
            await verifier.VerifyAsync(edge, "generated-secret", slow: true, Here, Now, CancellationToken.None));
        Assert.DoesNotContain("slow", _hasher.TakeWork(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_chosen_secret_costs_one_slow_hash_and_none_when_it_comes_again()
    {
        var maker = new SecretVerifier(_hasher, new SecretMemory());
        var (edge, record) = WithChosen(maker, TestEdges.Secret);
        _hasher.TakeWork();

        // This is another verifier, as after a restart: it has only the stored hash.
        var verifier = new SecretVerifier(_hasher, new SecretMemory());
        Assert.Equal(
            (SecretMatch.Matched, record.Id),
            await verifier.VerifyAsync(edge, TestEdges.Secret, slow: true, Here, Now, CancellationToken.None));
        Assert.Contains("slow", _hasher.TakeWork(), StringComparison.Ordinal);
        Assert.Equal(
            (SecretMatch.Matched, record.Id),
            await verifier.VerifyAsync(edge, TestEdges.Secret, slow: true, Here, Now, CancellationToken.None));
        Assert.DoesNotContain("slow", _hasher.TakeWork(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_secret_is_refused_also_after_the_right_one_was_remembered()
    {
        var verifier = new SecretVerifier(_hasher, new SecretMemory());
        var (edge, _) = WithChosen(verifier, TestEdges.Secret);
        Assert.Equal(
            SecretMatch.None,
            (await verifier.VerifyAsync(edge, TestEdges.OtherSecret, slow: true, Here, Now, CancellationToken.None)).Match);
    }

    [Fact]
    public async Task What_is_forgotten_costs_a_slow_hash_again()
    {
        var verifier = new SecretVerifier(_hasher, new SecretMemory());
        var (edge, _) = WithChosen(verifier, TestEdges.Secret);
        verifier.Retain(new HashSet<Guid>());
        _hasher.TakeWork();
        await verifier.VerifyAsync(edge, TestEdges.Secret, slow: true, Here, Now, CancellationToken.None);
        Assert.Contains("slow", _hasher.TakeWork(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Refusals_cost_the_same_work_whatever_the_cause()
    {
        var verifier = new SecretVerifier(_hasher, new SecretMemory());
        var (generated, _) = WithGenerated(verifier, "generated-secret");
        var (chosen, _) = WithChosen(verifier, TestEdges.Secret);
        var many = chosen;
        for (var i = 0; i < EdgeSecrets.Max; i++)
            many = many.Rotate(verifier.Chosen(many, $"another-secret-{i}", Now), TimeSpan.FromHours(1), Now);
        var expired = chosen with { Items = [chosen.Items[0] with { ExpiresAt = Now }] };

        var works = new List<string>();
        foreach (var edge in (EdgeSecrets?[])[null, generated, chosen, many, expired, EdgeSecrets.Create()])
        {
            _hasher.TakeWork();
            Assert.Equal(
                SecretMatch.None,
                (await verifier.VerifyAsync(edge, "0000000000000000", slow: true, Here, Now, CancellationToken.None)).Match);
            works.Add(_hasher.TakeWork());
        }

        Assert.Single(works.Distinct());
        Assert.Contains("slow", works[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_expired_secret_is_refused()
    {
        var verifier = new SecretVerifier(_hasher, new SecretMemory());
        var (edge, record) = WithGenerated(verifier, "generated-secret");
        edge = edge with { Items = [record with { ExpiresAt = Now }] };
        Assert.Equal(
            SecretMatch.None, (await verifier.VerifyAsync(edge, "generated-secret", slow: false, Here, Now, CancellationToken.None)).Match);
        Assert.Equal(
            SecretMatch.Matched,
            (await verifier.VerifyAsync(edge, "generated-secret", slow: false, Here, Now.AddTicks(-1), CancellationToken.None)).Match);
    }

    [Fact]
    public async Task Slow_hashes_are_bounded_and_what_is_over_is_told_busy()
    {
        var verifier = new SecretVerifier(_hasher, new SecretMemory(), concurrent: 1, queued: 1);
        var (edge, _) = WithChosen(verifier, TestEdges.Secret);
        using var entered = new SemaphoreSlim(0);
        using var leave = new SemaphoreSlim(0);
        _hasher.OnSlow = () =>
        {
            entered.Release();
            leave.Wait();
        };

        var running = verifier.VerifyAsync(edge, "0000000000000000", slow: true, Here, Now, CancellationToken.None).AsTask();
        await entered.WaitAsync();
        var waiting = verifier.VerifyAsync(null, "0000000000000000", slow: true, Here, Now, CancellationToken.None).AsTask();
        Assert.Equal(
            SecretMatch.Busy, (await verifier.VerifyAsync(edge, "0000000000000000", slow: true, Here, Now, CancellationToken.None)).Match);

        // The right secret is remembered, so it passes the crowd.
        Assert.Equal(
            SecretMatch.Matched, (await verifier.VerifyAsync(edge, TestEdges.Secret, slow: true, Here, Now, CancellationToken.None)).Match);
        Assert.False(waiting.IsCompleted);
        leave.Release(2);
        Assert.Equal(SecretMatch.None, (await running).Match);
        Assert.Equal(SecretMatch.None, (await waiting).Match);
    }

    [Fact]
    public void The_real_hashes_differ_by_salt_and_by_kind()
    {
        var hasher = new SecretHasher(RandomNumberGenerator.GetBytes(SecretHasher.HashBytes));
        byte[] salt = [1], other = [2];
        byte[][] hashes =
        [
            hasher.HashGenerated(salt, "secret"), hasher.HashGenerated(other, "secret"), hasher.HashChosen(salt, "secret"),
            hasher.HashChosen(other, "secret"), hasher.HashRemembered(salt, "secret"),
            new SecretHasher(RandomNumberGenerator.GetBytes(SecretHasher.HashBytes)).HashRemembered(salt, "secret"),
        ];
        Assert.Equal(hashes.Length, hashes.Select(Convert.ToHexString).Distinct().Count());
        Assert.All(hashes, hash => Assert.Equal(SecretHasher.HashBytes, hash.Length));
        Assert.Equal(
            hasher.HashChosen(salt, "secret"),
            new SecretHasher(RandomNumberGenerator.GetBytes(SecretHasher.HashBytes)).HashChosen(salt, "secret"));
    }

    private static (EdgeSecrets Edge, EdgeSecret Record) WithGenerated(SecretVerifier verifier, string secret)
    {
        var edge = EdgeSecrets.Create();
        var record = verifier.Generated(edge, secret, Now);
        return (edge.Rotate(record, TimeSpan.Zero, Now), record);
    }

    private static (EdgeSecrets Edge, EdgeSecret Record) WithChosen(SecretVerifier verifier, string secret)
    {
        var edge = EdgeSecrets.Create();
        var record = verifier.Chosen(edge, secret, Now);
        return (edge.Rotate(record, TimeSpan.Zero, Now), record);
    }
}
