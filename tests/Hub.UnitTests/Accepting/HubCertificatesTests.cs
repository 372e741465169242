using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Hub.Accepting;
using Tunnel.Hub.Certificates;
using Tunnel.Hub.Configuration;
using Tunnel.Hub.UnitTests.Fakes;
using Tunnel.Shared.Hosting;
using Tunnel.Shared.Transport.Handshake;
using Tunnel.TestUtilities;

namespace Tunnel.Hub.UnitTests.Accepting;

public sealed class HubCertificatesTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void The_next_one_is_made_once_kept_for_nobody_else_and_announced_with_the_present_one()
    {
        using var certificates = Load();
        Assert.Equal([certificates.Present.Pin], certificates.Pins);
        var next = certificates.MakeNext();
        Assert.True(CertificatePin.IsWellFormed(next.Pin));
        Assert.NotEqual(certificates.Present.Pin, next.Pin);
        Assert.Same(next, certificates.MakeNext());
        Assert.Equal([certificates.Present.Pin, next.Pin], certificates.Pins);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_directory.File(HubCertificates.NextFileName)));

        using var again = Load();
        Assert.Equal(certificates.Pins, again.Pins);
    }

    [Fact]
    public void A_switch_makes_it_the_present_one_also_after_a_restart()
    {
        using var certificates = Load();
        var next = certificates.MakeNext();
        Assert.Same(next, certificates.Switch());
        Assert.Same(next, certificates.Present);
        Assert.Null(certificates.Next);
        Assert.Equal([next.Pin], certificates.Pins);
        Assert.False(File.Exists(_directory.File(HubCertificates.NextFileName)));

        using var again = Load();
        Assert.Equal([next.Pin], again.Pins);
    }

    [Fact]
    public void There_is_no_switch_without_a_next_one_and_no_next_one_of_a_configured_certificate()
    {
        using var certificates = Load();
        Assert.Contains(
            "tunnel-hub certificate next", Assert.Throws<OperatorException>(certificates.Switch).Message, StringComparison.Ordinal);

        certificates.MakeNext();
        using var configured = Load(new TlsOptions { CertPem = _directory.File(HubCertificate.FileName) });
        Assert.Equal([certificates.Present.Pin], configured.Pins);
        Assert.Contains("tls.certPem", Assert.Throws<OperatorException>(configured.MakeNext).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void One_of_the_operators_is_taken_in_place_of_one_that_was_made_and_stays_after_a_restart()
    {
        var (certificate, key) = Files("own");
        using var certificates = Load();
        var made = certificates.MakeNext();
        var taken = certificates.TakeNext(certificate, key);
        Assert.NotEqual(made.Pin, taken.Pin);
        Assert.Equal([certificates.Present.Pin, taken.Pin], certificates.Pins);
        Assert.Same(taken, certificates.MakeNext());
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_directory.File(HubCertificates.NextFileName)));
        using (var again = Load())
            Assert.Equal(certificates.Pins, again.Pins);

        // One text with both is as good.
        var both = new PemSource(File.ReadAllText(certificate.Path!) + "\n" + File.ReadAllText(key.Path!));
        Assert.Equal(taken.Pin, certificates.TakeNext(both, both).Pin);
        certificates.Switch();
        using var switched = Load();
        Assert.Equal([taken.Pin], switched.Pins);
    }

    [Fact]
    public void One_that_can_not_be_used_changes_nothing()
    {
        var (certificate, _) = Files("own");
        var (_, other) = Files("other");
        using var certificates = Load();
        var next = certificates.MakeNext();
        foreach (var (cert, key) in new[]
        {
            (certificate, other), (certificate, certificate), (other, other), (new PemSource("/nowhere.pem"), other),
        })
        {
            Assert.Contains(
                "Valid: a readable PEM certificate",
                Assert.Throws<UnusableCertificateException>(() => certificates.TakeNext(cert, key)).Message, StringComparison.Ordinal);
        }

        Assert.Same(next, certificates.Next);
        using var configured = Load(new TlsOptions { CertPem = _directory.File(HubCertificate.FileName) });
        Assert.Contains(
            "tls.certPem", Assert.Throws<OperatorException>(() => configured.TakeNext(certificate, other)).Message,
            StringComparison.Ordinal);
    }

    private (PemSource Certificate, PemSource Key) Files(string name)
    {
        using var made = TestCertificates.Make(null, null, $"{name}.test");
        File.WriteAllText(_directory.File($"{name}.crt"), made.ExportCertificatePem());
        File.WriteAllText(_directory.File($"{name}.key"), TestCertificates.KeyPem(made));
        return (new PemSource(_directory.File($"{name}.crt")), new PemSource(_directory.File($"{name}.key")));
    }

    private HubCertificates Load(TlsOptions? options = null) =>
        HubCertificates.Load(options ?? new TlsOptions(), _directory.Path, TimeProvider.System, NullLogger.Instance);
}
