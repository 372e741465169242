using Microsoft.AspNetCore.Http;
using Tunnel.Hub.Admin.Answers;
using Tunnel.Hub.Admin.Routing;
using Tunnel.Hub.Status;
using Tunnel.Shared.Hosting;

namespace Tunnel.Hub.Admin;

/// <summary>The hub's certificate and the one that will replace it: <c>/api/v1/certificate</c>.</summary>
internal sealed class CertificateEndpoints(IAdministeredHub hub)
{
    public void Map(AdminRoutes routes)
    {
        routes.Get(
            "/api/v1/certificate", GetAsync, "getCertificate",
            "The pins of the hub's certificate and of the next one, and the edges that don't know it yet.")
            .Answers<CertificateStatus>();
        routes.Post(
            "/api/v1/certificate/next", MakeNextAsync, "makeNextCertificate",
            "Makes the next key and certificate, unless there is one, and tells its pin to all edges.")
            .Answers<CertificateStatus>()
            .Fails(StatusCodes.Status409Conflict);
        routes.Post(
            "/api/v1/certificate/switch", SwitchAsync, "switchCertificate",
            "Makes the next certificate the present one, for connections from now on.")
            .Answers<CertificateStatus>()
            .Fails(StatusCodes.Status409Conflict);
    }

    private Task GetAsync(HttpContext context) => AnswerAsync(context, hub.GetCertificate);

    private Task MakeNextAsync(HttpContext context) => AnswerAsync(context, hub.MakeNextCertificate);

    private Task SwitchAsync(HttpContext context) => AnswerAsync(context, hub.SwitchCertificate);

    private static Task AnswerAsync(HttpContext context, Func<CertificateStatus> act)
    {
        CertificateStatus status;
        try
        {
            status = act();
        }
        catch (OperatorException refused)
        {
            throw new ProblemException(new Problem { Status = StatusCodes.Status409Conflict, Detail = refused.Message });
        }

        return AdminResults.WriteAsync(context, status, AdminJson.Default.CertificateStatus);
    }
}
