using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Hub.Accepting;
using Tunnel.Hub.Configuration;
using Tunnel.Hub.UnitTests.Fakes;
using Tunnel.Shared.Hosting;
using Tunnel.Shared.Transport.Handshake;

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
        Assert.Contains("tunnel-hub certificate next", Assert.Throws<OperatorException>(certificates.Switch).Message, StringComparison.Ordinal);

        certificates.MakeNext();
        using var configured = Load(new TlsOptions { CertPem = _directory.File(HubCertificate.FileName) });
        Assert.Equal([certificates.Present.Pin], configured.Pins);
        Assert.Contains("tls.certPem", Assert.Throws<OperatorException>(configured.MakeNext).Message, StringComparison.Ordinal);
    }

    private HubCertificates Load(TlsOptions? options = null) =>
        HubCertificates.Load(options ?? new TlsOptions(), _directory.Path, TimeProvider.System, NullLogger.Instance);
}
