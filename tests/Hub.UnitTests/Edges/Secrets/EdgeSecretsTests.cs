using Tunnel.Hub.Edges.Secrets;

namespace Tunnel.Hub.UnitTests.Edges.Secrets;

public sealed class EdgeSecretsTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Rotation_lets_the_older_ones_expire_after_the_grace_period()
    {
        var (first, second) = (Make(Now), Make(Now));
        var secrets = EdgeSecrets.Create().Rotate(first, TimeSpan.Zero, Now).Rotate(second, TimeSpan.FromHours(24), Now);
        Assert.True(secrets.IsValid(first.Id, Now.AddHours(24).AddTicks(-1)));
        Assert.False(secrets.IsValid(first.Id, Now.AddHours(24)));
        Assert.True(secrets.IsValid(second.Id, Now.AddYears(10)));
        Assert.Equal(Now.AddHours(24), secrets.NextExpiry);
        Assert.Equal([second.Id], secrets.WithoutExpired(Now.AddHours(24)).Items.Select(secret => secret.Id));
    }

    [Fact]
    public void No_grace_ends_the_older_ones_at_once()
    {
        var first = Make(Now);
        var secrets = EdgeSecrets.Create().Rotate(first, TimeSpan.Zero, Now).Rotate(Make(Now), TimeSpan.Zero, Now);
        Assert.False(secrets.IsValid(first.Id, Now));
        Assert.Single(secrets.Items);
    }

    [Fact]
    public void A_later_rotation_never_prolongs_an_earlier_grace_period()
    {
        var first = Make(Now);
        var secrets = EdgeSecrets.Create().Rotate(first, TimeSpan.Zero, Now)
            .Rotate(Make(Now), TimeSpan.FromHours(1), Now).Rotate(Make(Now), TimeSpan.FromHours(24), Now.AddMinutes(30));
        Assert.False(secrets.IsValid(first.Id, Now.AddHours(1)));
    }

    [Fact]
    public void There_are_never_more_than_the_most_and_the_newest_stay()
    {
        var secrets = EdgeSecrets.Create();
        var made = Enumerable.Range(0, EdgeSecrets.Max + 3).Select(minute => Make(Now.AddMinutes(minute))).ToList();
        foreach (var secret in made)
            secrets = secrets.Rotate(secret, TimeSpan.FromHours(24), secret.CreatedAt);
        Assert.Equal(made.TakeLast(EdgeSecrets.Max).Select(secret => secret.Id).Order(), secrets.Items.Select(secret => secret.Id).Order());
    }

    [Fact]
    public void Generated_secrets_have_256_bits_and_never_repeat()
    {
        var made = Enumerable.Range(0, 100).Select(_ => GeneratedSecret.Create()).ToList();
        Assert.Equal(100, made.Distinct().Count());
        Assert.All(made, secret => Assert.Equal(43, secret.Length));
    }

    private static EdgeSecret Make(DateTimeOffset now) =>
        new() { Id = Guid.NewGuid(), Kind = SecretKind.Generated, Hash = new byte[32], CreatedAt = now };
}
