using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Hub.Accepting;
using Tunnel.Hub.Configuration;
using Tunnel.Hub.UnitTests.Fakes;
using Tunnel.Shared.Hosting;
using Tunnel.Shared.Transport.Handshake;

namespace Tunnel.Hub.UnitTests.Accepting;

public sealed class HubCertificateTests : IDisposable
{
    // The key comes from openssl, because .NET makes no such certificates.
    private const string DsaPem = """
        -----BEGIN CERTIFICATE-----
        MIIC1TCCAoKgAwIBAgIUSH0Yd7sIWYqbtz+h6YLCOdr+pBwwCwYJYIZIAWUDBAMC
        MA4xDDAKBgNVBAMMA2RzYTAgFw0yNjExMzAwMTQyMzFaGA8yMTI2MTEwNjAxNDIz
        MVowDjEMMAoGA1UEAwwDZHNhMIIBvzCCATMGByqGSM44BAEwggEmAoGBAJNfLPEX
        mK+pZZxHlPYkj8+zLS2kWh666RANk6sThyfMKKMbSmYBbWxJGr6YU1RobcaEL7rY
        y8Ari7m5gJ62A+s0n9vMD/GHG2TtpKZNBwYhYqB1NjpEYo4OsM+Lfn67X5gkXv/l
        X5h5jZaLODlJVSe3OXFfJGfMHORMLo8PtkadAh0Ar2Lwp89czF5p9M6CU1aRnVGb
        ms4eVgEdi0EWNQKBgCY7NHNgqy9tAx6GzMXOgrCGOVgN8yNyVtqxie+ekWIz44Nl
        Pj7XVJYGqjCch+ZfnXUCxKhLnTIrFvIPrQDlUTuUAhQZFY/UDNgrYWqz3Isu3HNu
        3iKhHt602CZYdCAm9ky4e88dnlGXtuCTDm/kFcKS9G3BPIyE2VnmmRc4lQuwA4GF
        AAKBgQCKItdt3g4qQXP19NKtLLrSGiVb9c9pE+L3wtXIYjdm3tMrrtQP+jv1JAWT
        roSR0AIehaktYsBV8NCuhP62L0DmcnNvNOw/1VzfC7sSo/OeosC6u5rG050bjqoS
        lWHaLNbV8B6Y7RUUITSBkaqmh2mCpbUAwdekVJStZ/yvKyGNp6NTMFEwHQYDVR0O
        BBYEFGYRxSWdSmxvYgSRhjpzWuVRsGSMMB8GA1UdIwQYMBaAFGYRxSWdSmxvYgSR
        hjpzWuVRsGSMMA8GA1UdEwEB/wQFMAMBAf8wCwYJYIZIAWUDBAMCA0AAMD0CHQCr
        JEHYdedTXPT/ytMx/a5QNqxLTuCUZks6ICNZAhwEwnt9fLkCX3n5VnUZ5b7ksLz2
        3xgEGSS+hwIG
        -----END CERTIFICATE-----
        -----BEGIN PRIVATE KEY-----
        MIIBWgIBADCCATMGByqGSM44BAEwggEmAoGBAJNfLPEXmK+pZZxHlPYkj8+zLS2k
        Wh666RANk6sThyfMKKMbSmYBbWxJGr6YU1RobcaEL7rYy8Ari7m5gJ62A+s0n9vM
        D/GHG2TtpKZNBwYhYqB1NjpEYo4OsM+Lfn67X5gkXv/lX5h5jZaLODlJVSe3OXFf
        JGfMHORMLo8PtkadAh0Ar2Lwp89czF5p9M6CU1aRnVGbms4eVgEdi0EWNQKBgCY7
        NHNgqy9tAx6GzMXOgrCGOVgN8yNyVtqxie+ekWIz44NlPj7XVJYGqjCch+ZfnXUC
        xKhLnTIrFvIPrQDlUTuUAhQZFY/UDNgrYWqz3Isu3HNu3iKhHt602CZYdCAm9ky4
        e88dnlGXtuCTDm/kFcKS9G3BPIyE2VnmmRc4lQuwBB4CHANs6cyFU6+t+xdDzUk0
        kQ05SI9oAvFquW0am7g=
        -----END PRIVATE KEY-----
        """;

    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Is_made_once_and_kept_for_ten_years_readable_by_nobody_else()
    {
        using var made = Load(new TlsOptions());
        using var again = Load(new TlsOptions());

        Assert.Equal(made.Pin, again.Pin);
        Assert.True(CertificatePin.IsWellFormed(made.Pin));
        Assert.InRange((made.Certificate.NotAfter - DateTime.Now).TotalDays, 3640, 3660);
        using var key = made.Certificate.GetECDsaPrivateKey();
        Assert.Equal(256, key!.KeySize);
        var file = Assert.Single(Directory.GetFiles(_directory.Path));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
    }

    [Fact]
    public void Comes_from_files_when_they_are_configured()
    {
        var (certPath, keyPath, pin) = WritePem("own");

        using var loaded = Load(new TlsOptions { CertPem = certPath, KeyPem = keyPath });
        Assert.Equal(pin, loaded.Pin);
    }

    [Fact]
    public void Comes_from_text_when_that_is_configured()
    {
        var (certPath, keyPath, pin) = WritePem("own");
        var options = new TlsOptions { CertPem = File.ReadAllText(certPath), KeyPem = File.ReadAllText(keyPath) };

        using var loaded = Load(options);

        Assert.Equal(pin, loaded.Pin);
        Assert.False(options.HasFiles);
        Assert.True((options with { CertPem = certPath }).HasFiles);
    }

    [Fact]
    public void No_message_has_the_text_of_a_key()
    {
        var (certPath, keyPath, _) = WritePem("own");
        var key = File.ReadAllText(WritePem("other").KeyPath);
        var options = new TlsOptions { CertPem = certPath, KeyPem = key };
        var secret = key.Split('\n')[3];

        var error = Assert.Throws<OperatorException>(() => Load(options));

        Assert.Contains($"tls.certPem '{certPath}', tls.keyPem 'text:sha256:", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(secret, error.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(secret, new TunnelHubOptions { Tls = options }.ToString(), StringComparison.Ordinal);
        Assert.Contains(keyPath, new TunnelHubOptions { Tls = options with { KeyPem = keyPath } }.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("missing")]
    [InlineData("notPem")]
    [InlineData("otherKey")]
    public void What_can_not_be_used_is_named(string fault)
    {
        var (certPath, keyPath, _) = WritePem("own");
        switch (fault)
        {
            case "missing":
                File.Delete(certPath);
                break;
            case "notPem":
                File.WriteAllText(certPath, "hello");
                break;
            case "otherKey":
                keyPath = WritePem("other").KeyPath;
                break;
        }

        var error = Assert.Throws<OperatorException>(() => Load(new TlsOptions { CertPem = certPath, KeyPem = keyPath }));
        Assert.Contains("tls.certPem", error.Message, StringComparison.Ordinal);
        Assert.Contains(certPath, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_key_that_no_TLS_server_can_use_is_refused_before_the_first_connection()
    {
        var error = Assert.Throws<OperatorException>(() => Load(new TlsOptions { CertPem = DsaPem }));

        Assert.Contains("neither of ECDSA nor of RSA", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_TLS_needs_is_made_once_and_can_be_awaited_when_the_certificate_is_given_up_meanwhile()
    {
        var loaded = Load(new TlsOptions());
        var tls = loaded.Tls;
        loaded.Dispose();

        Assert.Same(await tls, await loaded.Tls);
    }

    private HubCertificate Load(TlsOptions options) =>
        HubCertificate.Load(options, _directory.Path, TimeProvider.System, NullLogger.Instance);

    private (string CertPath, string KeyPath, string Pin) WritePem(string name)
    {
        using var key = RSA.Create(2048);
        using var certificate = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            .CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        var (certPath, keyPath) = (_directory.File(name + ".crt"), _directory.File(name + ".key"));
        File.WriteAllText(certPath, certificate.ExportCertificatePem());
        File.WriteAllText(keyPath, key.ExportPkcs8PrivateKeyPem());
        return (certPath, keyPath, CertificatePin.Compute(certificate));
    }
}
