using System.Text.Json;
using Tunnel.Hub.UnitTests.Fakes;
using Tunnel.TestUtilities;

namespace Tunnel.Hub.UnitTests.Edges.Definitions;

/// <summary>Certificates that can't be used are one list of faults, which names each of them.</summary>
public sealed class TlsCheckTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Every_fault_of_every_file_is_named()
    {
        using var good = TestCertificates.Make(null, null, "a.test", "*.b.test");
        using var other = TestCertificates.Make(null, null, "*.b.test");
        using var ended = TestCertificates.Make(null, DateTimeOffset.UtcNow.AddDays(-1), "c.test");
        File.WriteAllText(_directory.File("good.pem"), TestCertificates.Pem(good));
        File.WriteAllText(_directory.File("other.pem"), TestCertificates.Pem(other));
        File.WriteAllText(_directory.File("other.key"), TestCertificates.KeyPem(other));
        File.WriteAllText(_directory.File("ended.pem"), TestCertificates.Pem(ended));
        File.WriteAllText(_directory.File("text.pem"), "hello");
        var faults = TestEdges.Faults(
            """
            [{"id":"a","ports":{"default":{"tls":{"certificates":[
              {"certPem":"AT/good.pem"},
              {"certPem":"AT/good.pem","keyPem":"AT/other.key"},
              {"certPem":"AT/other.pem"},
              {"certPem":"AT/ended.pem"},
              {"certPem":"AT/none.pem"},
              {"certPem":"AT/text.pem"},
              {"certPem":"relative.pem"}],
              "clientCa":"AT/text.pem","alpn":[""],"passthrough":true}}}}]
            """.Replace("AT", _directory.Path, StringComparison.Ordinal), maxEdges: 5);
        const string tls = "$[0].ports['default'].tls.";
        Assert.Equal(
            [
                (tls + "alpn[0]", "printable"),
                (tls + "certificates[1].keyPem", "private key of the certificate"),
                (tls + "certificates[2].certPem", "is for *.b.test, as $[0].ports['default'].tls.certificates[0] is"),
                (tls + "certificates[3].certPem", "ended at"),
                (tls + "certificates[4].certPem", "does not exist"),
                (tls + "certificates[5].certPem", "has no certificate"),
                (tls + "certificates[6].certPem", "whole path"),
                (tls + "clientCa", "has no certificate"),
                (tls + "passthrough", "beside certificates"),
            ],
            faults.OrderBy(fault => fault.Path, StringComparer.Ordinal).Zip(
                [
                    "printable", "private key of the certificate", "is for *.b.test, as $[0].ports['default'].tls.certificates[0] is",
                    "ended at", "does not exist", "has no certificate", "whole path", "has no certificate", "beside certificates"],
                (fault, words) => (fault.Path, fault.Message.Contains(words, StringComparison.Ordinal) ? words : fault.Message)));
    }

    [Fact]
    public void No_fault_shows_text_that_may_be_a_key()
    {
        using var one = TestCertificates.Make(null, null, "a.test");
        using var other = TestCertificates.Make(null, null, "b.test");
        var (key, cut) = (TestCertificates.KeyPem(other), TestCertificates.KeyPem(other).Split('\n', 2)[1]);
        var faults = TestEdges.Faults(
            """
            [{"id":"a","ports":{"default":{"tls":{"certificates":[
              {"certPem":"@cert","keyPem":"@key"},
              {"certPem":"@cert","keyPem":"@cut"},
              {"certPem":"@cert","keyPem":["@key"]},
              {"certPem":"@cert","keyPem":"text:sha256:00"}]}}}}]
            """.Replace("@cert", Json(one.ExportCertificatePem()), StringComparison.Ordinal).Replace("@key", Json(key), StringComparison.Ordinal)
                .Replace("@cut", Json(cut), StringComparison.Ordinal),
            maxEdges: 5);
        Assert.Equal(
            ["keyPem", "keyPem", "keyPem", "keyPem"],
            faults.Where(fault => fault.Path.EndsWith("keyPem", StringComparison.Ordinal)).Select(fault => fault.Path.Split('.')[^1]));
        Assert.All(faults, fault => Assert.DoesNotContain(cut[..20], fault.ToString(), StringComparison.Ordinal));

        static string Json(string text) => JsonEncodedText.Encode(text).ToString();
    }

    [Fact]
    public void A_stored_set_whose_certificate_is_gone_does_not_keep_the_hub_from_starting() => Assert.Empty(TestEdges.StoredFaults(
        """[{"id":"a","ports":{"default":{"tls":{"certificates":[{"certPem":"/none.pem"}]}}}}]"""));
}
