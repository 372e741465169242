using Microsoft.AspNetCore.Http;
using Tunnel.Hub.Accepting;
using Tunnel.Hub.Admin.Answers;
using Tunnel.Hub.Admin.Routing;
using Tunnel.Hub.Certificates;
using Tunnel.Hub.Status;
using Tunnel.Shared.Hosting;
using Tunnel.Shared.Operator;

namespace Tunnel.Hub.Admin;

/// <summary>The hub's certificate and the one that will replace it: <c>/api/v1/certificate</c>.</summary>
internal sealed class CertificateEndpoints(IAdministeredHub hub)
{
    private static readonly ObjectReader<CertificateWish> Wishes = new(
        "{\"certPem\": \"-----BEGIN CERTIFICATE-----…\", \"keyPem\": \"-----BEGIN PRIVATE KEY-----…\"}",
        new("certPem", (wish, value) => wish with { Certificate = value.Text() }),
        new("keyPem", (wish, value) => wish with { Key = value.Text() }))
    {
        HidesValue = true,
    };

    public void Map(AdminRoutes routes)
    {
        routes.Get(
            "/api/v1/certificate", GetAsync, "getCertificate",
            "The pins of the hub's certificate and of the next one, and the edges that don't know it yet.")
            .Answers<CertificateStatus>();
        routes.Post(
            "/api/v1/certificate/next", MakeNextAsync, "makeNextCertificate",
            "Makes the next key and certificate, unless there is one, or takes those of the body, and tells the pin to all edges.")
            .Body<NextCertificateRequest>(optional: true)
            .Answers<CertificateStatus>()
            .Fails(StatusCodes.Status409Conflict);
        routes.Post(
            "/api/v1/certificate/switch", SwitchAsync, "switchCertificate",
            "Makes the next certificate the present one, for connections from now on.")
            .Answers<CertificateStatus>()
            .Fails(StatusCodes.Status409Conflict);
    }

    private Task GetAsync(HttpContext context) => AnswerAsync(context, hub.GetCertificate);

    private async Task MakeNextAsync(HttpContext context)
    {
        var (certificate, key) = await AdminRequest.ReadAsync(context, Wishes, new CertificateWish(null, null), optional: true);
        if (certificate is null && key is not null)
            throw new ProblemException(Problem.Invalid("$.certPem", "(missing)", "is needed beside keyPem: the key's certificate"));
        // A text may hold both.
        key ??= certificate;
        foreach (var (member, source) in new[] { ("certPem", certificate), ("keyPem", key) })
        {
            if (source is { IsWhole: false })
            {
                throw new ProblemException(
                    Problem.Invalid($"$.{member}", "", "must be PEM text, or the absolute path of a file at the hub"));
            }
        }

        await AnswerAsync(context, certificate is null ? hub.MakeNextCertificate : () => hub.TakeNextCertificate(certificate, key!));
    }

    private Task SwitchAsync(HttpContext context) => AnswerAsync(context, hub.SwitchCertificate);

    private static Task AnswerAsync(HttpContext context, Func<CertificateStatus> act)
    {
        CertificateStatus status;
        try
        {
            status = act();
        }
        catch (UnusableCertificateException unusable)
        {
            throw new ProblemException(Problem.Invalid("$.certPem", "", unusable.Message));
        }
        catch (OperatorException refused)
        {
            throw new ProblemException(new Problem { Status = StatusCodes.Status409Conflict, Detail = refused.Message });
        }

        return AdminResults.WriteAsync(context, status, AdminJson.Default.CertificateStatus);
    }

    private sealed record CertificateWish(PemSource? Certificate, PemSource? Key);
}
