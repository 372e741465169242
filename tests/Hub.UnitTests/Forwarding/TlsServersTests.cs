using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Hub.Certificates;
using Tunnel.Hub.Edges.Allowed;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Hub.Events;
using Tunnel.Hub.Forwarding.Securing;
using Tunnel.Hub.Status;
using Tunnel.Hub.UnitTests.Fakes;
using Tunnel.TestUtilities;

namespace Tunnel.Hub.UnitTests.Forwarding;

/// <summary>The certificates of ports are loaded, and change while the hub runs.</summary>
public sealed class TlsServersTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly ManualTimeProvider _time = new(DateTimeOffset.UtcNow);
    private readonly EventLog _events = new();
    private readonly TlsServers _servers;
    private readonly UpstreamTls _upstream;

    public TlsServersTests()
    {
        var reports = new TlsReports(_events.Queue, _time, NullLogger<TlsReports>.Instance);
        (_servers, _upstream) = (new TlsServers(reports, _time), new UpstreamTls(reports, _time, NullLogger.Instance));
    }

    private string Path => _directory.File("tls.pem");

    private TlsDefinition Tls =>
        new() { Certificates = new ValueList<CertificateDefinition>([new CertificateDefinition { CertPem = Path }]) };

    public void Dispose()
    {
        _servers.Dispose();
        _upstream.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public async Task New_files_are_used_and_what_can_not_be_used_leaves_the_old_one()
    {
        var first = Put("first.test");
        Apply(Tls);
        Assert.Equal(["first.test"], (await _events.NextAsync<CertificateLoadedEvent>()).Names);
        Assert.Equal(first, Shown());

        var second = Put("second.test");
        Look();
        // The key may not have been written yet.
        Assert.Equal(first, Shown());
        Look();
        Assert.Equal(second, Shown());
        Assert.Equal(["second.test"], (await _events.NextAsync<CertificateLoadedEvent>()).Names);

        await File.WriteAllTextAsync(Path, "broken");
        Look(3);
        var failed = await _events.NextAsync<CertificateFailedEvent>();
        Assert.Equal((Path, true), (failed.Path, failed.KeepsOld));
        Assert.Equal(second, Shown());

        Put("third.test", ends: _time.GetUtcNow().AddDays(-1));
        Look(3);
        Assert.Contains("ended at", (await _events.NextAsync<CertificateFailedEvent>()).Reason, StringComparison.Ordinal);
        Assert.Equal(second, Shown());

        var fourth = Put("fourth.test");
        Look(2);
        Assert.Equal(fourth, Shown());
        Assert.Equal(_servers.Certificates.Single().Path, Path);
    }

    [Fact]
    public async Task Without_a_usable_file_there_is_none_until_there_is_one()
    {
        Apply(Tls);
        Assert.False((await _events.NextAsync<CertificateFailedEvent>()).KeepsOld);
        Assert.Null(_servers.Of(Tls).Find("a.test", out var isUnknown));
        Assert.False(isUnknown);
        var put = Put("a.test");
        Look(2);
        Assert.Equal(put, Shown());
    }

    [Fact]
    public async Task An_end_that_is_near_is_told_once()
    {
        Put("a.test", ends: _time.GetUtcNow().AddDays(14).AddMinutes(1));
        Apply(Tls);
        Look();
        _time.Advance(TimeSpan.FromMinutes(2));
        Look(3);
        Assert.Equal(["a.test"], (await _events.NextAsync<CertificateExpiringEvent>()).Names);
        Put("a.test", ends: _time.GetUtcNow().AddDays(1));
        Look(3);
        await _events.NextAsync<CertificateLoadedEvent>();
        Assert.Equal(Path, (await _events.NextAsync<CertificateExpiringEvent>()).Certificate);
    }

    [Fact]
    public async Task Certificates_are_described_by_edge_with_their_ports_end_and_fault()
    {
        var ends = _time.GetUtcNow().AddDays(9.5);
        Put("a.test", ends);
        Apply(Tls);
        Apply(Tls with { MinVersion = TlsVersion.Tls13 }, "b");
        var shown = PortCertificates.Describe(_servers, _upstream);
        Assert.Equal(["a", "b"], shown.Select(certificate => certificate.EdgeId));
        Assert.Equal($"tcp/443: {Path} for a.test ends in 9 d", shown[0].Describe(_time.GetUtcNow()));
        Assert.Equal((true, false), (shown[0].IsAlarm(_time.GetUtcNow()), shown[0].IsBroken(_time.GetUtcNow())));
        Assert.True(shown[0].IsBroken(ends.AddHours(3)));
        Assert.Equal($"tcp/443: {Path} for a.test ended 3 h ago", shown[0].Describe(ends.AddHours(3)));

        await File.WriteAllTextAsync(Path, "broken");
        Look(3);
        var broken = PortCertificates.Describe(_servers, _upstream)[0];
        Assert.Equal("has no certificate in PEM", broken.Fault);
        Assert.EndsWith(
            "ends in 9 d; the file has changed and can't be used: it has no certificate in PEM", broken.Describe(_time.GetUtcNow()),
            StringComparison.Ordinal);
        Assert.True(broken.IsAlarm(_time.GetUtcNow()));

        Put("b.test");
        Look(3);
        Assert.Null(PortCertificates.Describe(_servers, _upstream)[0].Fault);
        Assert.False(PortCertificates.Describe(_servers, _upstream)[0].IsAlarm(_time.GetUtcNow()));

        Apply(
            new TlsDefinition
            {
                Certificates = new ValueList<CertificateDefinition>([new CertificateDefinition { CertPem = "/none.pem" }]),
            },
            "b");
        var none = PortCertificates.Describe(_servers, _upstream)[1];
        Assert.True(none.IsBroken(_time.GetUtcNow()));
        Assert.StartsWith(
            "tcp/443: /none.pem can't be used, and clients who need it are reset: it ", none.Describe(_time.GetUtcNow()),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_certificate_that_targets_are_shown_is_watched_in_the_same_way()
    {
        Put("hub.test", ends: _time.GetUtcNow().AddDays(9.5));
        ApplyUpstream(new UpstreamTlsDefinition { ClientCert = Path });
        Assert.Equal(Path, (await _events.NextAsync<CertificateLoadedEvent>()).Certificate);
        Look();
        Assert.Equal(Path, (await _events.NextAsync<CertificateExpiringEvent>()).Certificate);
        Assert.Equal(Path, _upstream.Certificates.Single().Path);
        Assert.Equal(
            $"tcp/443: {Path}, which targets are shown, for hub.test ends in 9 d",
            PortCertificates.Describe(_servers, _upstream).Single().Describe(_time.GetUtcNow()));

        await File.WriteAllTextAsync(Path, "broken");
        Look(3);
        Assert.True((await _events.NextAsync<CertificateFailedEvent>()).KeepsOld);
        var shown = PortCertificates.Describe(_servers, _upstream).Single();
        Assert.Equal(("has no certificate in PEM", true), (shown.Fault, shown.IsAlarm(_time.GetUtcNow())));
        Assert.False(shown.IsBroken(_time.GetUtcNow()));

        ApplyUpstream(null);
        Assert.Empty(_upstream.Certificates);
    }

    [Fact]
    public void Authorities_that_go_bad_stay_and_refuse_nobody()
    {
        Put("a.test");
        var authorities = _directory.File("ca.pem");
        File.Copy(Path, authorities);
        Apply(Tls with { ClientCa = authorities });
        File.WriteAllText(authorities, "broken");
        Look(2);
        Assert.True(_servers.Of(Tls with { ClientCa = authorities }).Find(null, out _)!.ClientCertificateRequired);
        var shown = PortCertificates.Describe(_servers, _upstream).Single(file => file.Path == authorities);
        Assert.False(shown.IsBroken(_time.GetUtcNow()));
        Assert.Equal(
            $"tcp/443: {authorities} has changed and can't be used, so the old one is: it must be PEM with authorities: it has "
                + "no certificate",
            shown.Describe(_time.GetUtcNow()));
    }

    [Fact]
    public async Task Text_is_used_as_a_file_is_and_no_key_is_said()
    {
        using var certificate = TestCertificates.Make(null, null, "text.test");
        var tls = new TlsDefinition
        {
            Certificates = new ValueList<CertificateDefinition>([
                new CertificateDefinition { CertPem = certificate.ExportCertificatePem(), KeyPem = TestCertificates.KeyPem(certificate) }]),
        };
        Apply(tls);
        Look(3);
        Assert.Equal(
            certificate.Thumbprint, _servers.Of(tls).Find("text.test", out _)!.ServerCertificateContext!.TargetCertificate.Thumbprint);
        Assert.StartsWith("text:sha256:", (await _events.NextAsync<CertificateLoadedEvent>()).Certificate, StringComparison.Ordinal);
        Assert.DoesNotContain("BEGIN", tls.ToString() + tls.Certificates[0], StringComparison.Ordinal);

        // A key of another certificate is named by its placeholder.
        using var other = TestCertificates.Make(null, null, "other.test");
        Apply(
            tls with
            {
                Certificates = new ValueList<CertificateDefinition>([tls.Certificates[0] with { KeyPem = TestCertificates.KeyPem(other) }]),
            });
        var failed = await _events.NextAsync<CertificateFailedEvent>();
        Assert.StartsWith("text:sha256:", failed.Path, StringComparison.Ordinal);
        Assert.DoesNotContain("BEGIN", failed.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void What_no_port_needs_any_more_is_forgotten()
    {
        Put("a.test");
        Apply(Tls);
        Apply(Tls, "b");
        _servers.Apply("a", null);
        Assert.NotEmpty(_servers.Certificates);
        Apply(new TlsDefinition { Passthrough = true }, "b");
        Assert.Empty(_servers.Certificates);
    }

    private void Apply(TlsDefinition tls, string edgeId = "a") =>
        _servers.Apply(edgeId, Edge(edgeId, new PortPolicyDefinition { Tls = tls }));

    private void ApplyUpstream(UpstreamTlsDefinition? tls) =>
        _upstream.Apply("a", Edge("a", new PortPolicyDefinition { UpstreamTls = tls }));

    private static AllowedEdge Edge(string id, PortPolicyDefinition policy) =>
        AllowedEdge.From(new EdgeDefinition { Id = id, ListenPorts = [443], Ports = EdgeDefinition.NoPorts.Add("default", policy) });

    private string Put(string name, DateTimeOffset? ends = null)
    {
        using var certificate = TestCertificates.Make(null, ends, name);
        File.WriteAllText(Path, TestCertificates.Pem(certificate));
        return certificate.Thumbprint;
    }

    private string Shown() => _servers.Of(Tls).Find(null, out _)!.ServerCertificateContext!.TargetCertificate.Thumbprint;

    private void Look(int times = 1)
    {
        for (var i = 0; i < times; i++)
            _time.Advance(ContentWatch.Interval);
    }
}
