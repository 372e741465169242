using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Edge.Connecting;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport;

namespace Tunnel.Edge.UnitTests.Connecting;

public sealed class HubRenewalsTests : IDisposable
{
    private const string Old = "the-secret-of-the-token";
    private const string New = "the-secret-that-came-later";
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("tunnel-edge-state-");

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public void A_secret_that_is_kept_is_used_from_then_on_after_a_restart_too_and_for_nobody_else_to_read()
    {
        var renewals = Load();
        Assert.Equal(Old, renewals.Current.Secret);
        Assert.Null(renewals.Keep(null, null));
        Assert.Equal(new KeptReport { Secret = true }, renewals.Keep(New, null));
        Assert.Equal(New, renewals.Current.Secret);
        Assert.Equal(New, Load().Current.Secret);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(FilePath));
        Assert.DoesNotContain(New, renewals.Current.ToString(), StringComparison.Ordinal);

        // With another token everything begins anew.
        Assert.Equal("another-secret", Load(secret: "another-secret").Current.Secret);
    }

    [Fact]
    public void A_hub_that_refuses_it_is_told_the_tokens_and_it_again_in_turn()
    {
        var renewals = Load();
        renewals.OnFailed(DialFailureKind.Unauthorized);
        Assert.Equal(Old, renewals.Current.Secret);
        renewals.Keep(New, null);
        renewals.OnFailed(DialFailureKind.Unreachable);
        Assert.Equal(New, renewals.Current.Secret);
        renewals.OnFailed(DialFailureKind.Unauthorized);
        Assert.Equal(Old, renewals.Current.Secret);
        renewals.OnFailed(DialFailureKind.Unauthorized);
        Assert.Equal(New, renewals.Current.Secret);
    }

    [Fact]
    public void What_one_hub_renewed_is_tried_at_the_other_and_kept_there_once_it_was_right()
    {
        var first = Load();
        var second = OfHub("hub2.example");
        (first.Others, second.Others) = ([second], [first]);
        first.Keep(New, null);
        Assert.Equal(New, second.Current.Secret);
        second.OnFailed(DialFailureKind.Unauthorized);
        Assert.Equal(Old, second.Current.Secret);
        second.OnConnected();
        Assert.Equal(Old, OfHub("hub2.example").Current.Secret);

        second.OnFailed(DialFailureKind.Unauthorized);
        second.OnConnected();
        Assert.Equal(New, OfHub("hub2.example").Current.Secret);

        // The hub's own address comes first, then the other hub's, then the token's.
        second.Keep("a-third-secret", null);
        Assert.Equal("a-third-secret", second.Current.Secret);
        second.OnFailed(DialFailureKind.Unauthorized);
        Assert.Equal(New, second.Current.Secret);
        second.OnFailed(DialFailureKind.Unauthorized);
        Assert.Equal(Old, second.Current.Secret);
        Assert.Equal(New, Load().Current.Secret);
    }

    [Fact]
    public void What_one_hub_renews_is_offered_to_the_other_until_it_has_taken_or_refused_it()
    {
        var first = Load();
        var second = OfHub("hub2.example");
        (first.Others, second.Others) = ([second], [first]);
        second.Keep("of-its-own", null);
        Assert.Equal("of-its-own", first.Offered);
        first.Decline("of-its-own");

        var next = second.NextOffer;
        first.Keep(New, null);
        Assert.True(next.IsCompletedSuccessfully);
        Assert.Equal((New, null), (second.Offered, first.Offered));
        Assert.Equal("of-its-own", second.Current.Secret);
        second.Adopt(New);

        Assert.Null(second.Offered);
        Assert.Equal(New, second.Current.Secret);
        Assert.Equal(New, OfHub("hub2.example").Current.Secret);
        first.Keep(New, null);
        Assert.Null(second.Offered);
    }

    [Fact]
    public void Where_the_hub_will_be_is_tried_when_it_is_not_where_it_was_and_comes_first_once_it_was_there()
    {
        var renewals = Load();
        Assert.Equal("new.example:9443", renewals.Keep(null, "new.example:9443")!.Address);
        Assert.Equal("hub.example:8443", renewals.Current.Name);
        renewals.OnFailed(DialFailureKind.Unreachable);
        Assert.Equal("new.example:9443", renewals.Current.Name);
        renewals.OnFailed(DialFailureKind.Timeout);
        Assert.Equal("hub.example:8443", renewals.Current.Name);
        renewals.OnConnected();
        Assert.Equal("hub.example:8443", Load().Current.Name);

        renewals.OnFailed(DialFailureKind.WrongCertificate);
        renewals.OnConnected();
        Assert.Equal("new.example:9443", Load().Current.Name);
        Assert.Equal(Old, Load().Current.Secret);
    }

    [Fact]
    public void What_can_not_be_kept_is_not_used_and_said()
    {
        Assert.Contains(
            "no state directory", new HubRenewals(null, Start(Old), NullLogger.Instance).Keep(New, null)!.Error, StringComparison.Ordinal);
        Directory.CreateDirectory(FilePath + ".new");
        var renewals = Load();
        Assert.NotNull(renewals.Keep(New, null)!.Error);
        Assert.Equal(Old, renewals.Current.Secret);
        Assert.NotNull(renewals.Keep("not a secret", null)!.Error);
        Assert.NotNull(renewals.Keep(null, "no host")!.Error);
    }

    [Fact]
    public void A_file_that_is_damaged_or_of_another_token_counts_as_none()
    {
        Load().Keep(New, null);
        foreach (var content in (string[])["", "{", "null", """{"start":"x","secret":"y"}"""])
        {
            File.WriteAllText(FilePath, content);
            Assert.Equal(Old, Load().Current.Secret);
        }
    }

    private string FilePath => Path.Combine(_directory.FullName, HubRenewals.FileName);

    private HubRenewals Load(string secret = Old) => new(_directory.FullName, Start(secret), NullLogger.Instance);

    private HubRenewals OfHub(string host) => new(_directory.FullName, Start(Old, host, 1), NullLogger.Instance);

    private static ConnectorOptions Start(string secret, string host = "hub.example", int index = 0) => new()
    {
        Index = index,
        HubHost = host,
        HubPort = 8443,
        EdgeId = "edge",
        Secret = secret,
        InsecureSkipVerify = false,
        DrainTimeout = TimeSpan.Zero,
        Hello = new Hello(),
    };
}
