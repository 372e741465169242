using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Http;
using Tunnel.Hub.Admin.Access;
using Tunnel.Hub.Admin.Answers;
using Tunnel.Hub.Admin.Routing;

namespace Tunnel.Hub.UnitTests.Admin;

/// <summary>Over the network the page is served by certain names only.</summary>
public sealed class BrowserGuardTests
{
    [Theory]
    [InlineData("192.0.2.1:9443", true)]
    [InlineData("[2001:db8::1]:9443", true)]
    [InlineData("localhost:9080", true)]
    [InlineData("tunnel-hub", true)]
    [InlineData("hub.example.com:9443", true)]
    [InlineData("page.example.org", true)]
    [InlineData("rebound.example.net", false)]
    public async Task The_page_is_served_at_addresses_and_names_of_the_hub(string host, bool served)
    {
        Assert.Equal(served, await IsServedAsync(host, isPage: true));
        // Without the key a site gets nothing from the API, whatever its name.
        Assert.True(await IsServedAsync(host, isPage: false));
    }

    private static async Task<bool> IsServedAsync(string host, bool isPage)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=hub", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("page.example.org");
        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        var guard = new BrowserGuard(() => "hub.example.com:8443", () => certificate);
        var context = new DefaultHttpContext { Request = { Host = new HostString(host), Method = "GET" } };
        context.SetEndpoint(new Endpoint(null, new EndpointMetadataCollection(isPage ? [new ServedToBrowsers()] : []), null));
        var served = false;
        try
        {
            await guard.InvokeAsync(context, _ =>
            {
                served = true;
                return Task.CompletedTask;
            });
        }
        catch (ProblemException refused)
        {
            Assert.Equal(421, refused.Problem.Status);
        }

        return served;
    }
}
