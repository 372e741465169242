using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Tunnel.FunctionalTests.Harness;
using Tunnel.TestUtilities;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests;

/// <summary>
/// Hubs whose database is another machine's, as far as they can tell: over TCP, with a certificate that they check and with a password.
/// </summary>
public sealed class DatabaseOverTlsTests : IAsyncLifetime
{
    private const string EdgeId = "edge-1";
    private const string Password = "a-password-of-the-database";
    private const string WrongPassword = "another-password-than-that";
    private const string CertificateRefused = "can't be used now: its certificate is refused: it must be of an authority in the file that "
        + "Root Certificate names (without it, that the system trusts), and for VerifyFull it must name the Host.";

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("tunnel-functional-");
    private readonly X509Certificate2 _authority = TestCertificates.MakeAuthority();
    private PostgresServer _postgres = null!;

    public async ValueTask InitializeAsync()
    {
        using var certificate = TestCertificates.Make(_authority, null, "localhost");
        _postgres = await PostgresServer.StartAsync(certificate: certificate);
        await _postgres.RunAsync("postgres", $"create role hub login password '{KnownSecrets.Add(Password)}'");
        await _postgres.RunAsync("postgres", "create database hubs owner hub");
        KnownSecrets.Add(WrongPassword);
    }

    public async ValueTask DisposeAsync()
    {
        await _postgres.DisposeAsync();
        _authority.Dispose();
        _directory.Delete(recursive: true);
    }

    [Fact]
    public async Task What_one_hub_changes_is_kept_and_comes_to_the_other()
    {
        await using var one = await StartAsync("one", Password, "localhost", _authority);
        await using var other = await StartAsync("other", Password, "localhost", _authority);
        await one.AddEdgeAsync(EdgeId, [80], []);
        await Eventually.IsTrueAsync(
            async () => (await other.SendAsync(HttpMethod.Get, $"api/v1/edges/{EdgeId}")).IsSuccess, "the edge at the other hub",
            explain: () => other.Process.Log);
        foreach (var hub in (HubProcess[])[one, other])
            Assert.Null(await hub.SharedStateFaultAsync());

        // All of them came over TLS and with a password, which is not kept as it is.
        Assert.Equal(
            "t",
            await _postgres.RunAsync("hubs", "select bool_and(ssl) from pg_stat_ssl natural join pg_stat_activity where usename = 'hub'"));
        Assert.StartsWith(
            "SCRAM-SHA-256$", await _postgres.RunAsync("postgres", "select rolpassword from pg_authid where rolname = 'hub'"),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_password_is_refused_and_said() =>
        Assert.Equal(
            $"The {Name("localhost")} can't be used now: password authentication failed for user \"hub\".",
            await RefusedAsync(WrongPassword, "localhost", _authority));

    [Fact]
    public async Task A_certificate_of_another_authority_is_refused_and_said()
    {
        using var another = TestCertificates.MakeAuthority();
        Assert.Equal($"The {Name("localhost")} {CertificateRefused}", await RefusedAsync(Password, "localhost", another));
    }

    [Fact]
    public async Task A_certificate_for_another_name_is_refused_and_said() =>
        Assert.Equal($"The {Name("127.0.0.1")} {CertificateRefused}", await RefusedAsync(Password, "127.0.0.1", _authority));

    private async Task<string> RefusedAsync(string password, string host, X509Certificate2 root)
    {
        await using var hub = await StartAsync("hub", password, host, root);
        var fault = await Eventually.GetAsync(hub.SharedStateFaultAsync, "the reason", explain: () => hub.Process.Log);
        var refused = await hub.SendAsync(HttpMethod.Put, $"api/v1/edges/{EdgeId}", """{"listenPorts": [80]}""");
        Assert.Equal(503, refused.StatusCode);
        Assert.Contains(fault, refused.Json().GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Contains(fault, hub.Process.Log, StringComparison.Ordinal);
        return fault;
    }

    private static string Name(string host) => $"PostgreSQL database hubs at {host}";

    private async Task<HubProcess> StartAsync(string name, string password, string host, X509Certificate2 root)
    {
        var directory = _directory.CreateSubdirectory(name).FullName;
        var authority = Path.Combine(directory, "root.crt");
        await File.WriteAllTextAsync(authority, root.ExportCertificatePem() + "\n");
        return await HubProcess.StartAsync(
            directory, IPAddress.Loopback,
            new JsonObject
            {
                ["state"] = $"Host={host};Port={_postgres.Port};Database=hubs;Username=hub;Password={password};SSL Mode=VerifyFull;"
                    + $"Root Certificate={authority}",
            });
    }
}
