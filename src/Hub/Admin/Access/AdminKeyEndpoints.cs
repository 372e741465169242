using Microsoft.AspNetCore.Http;
using Tunnel.Hub.Admin.Answers;
using Tunnel.Hub.Admin.Routing;

namespace Tunnel.Hub.Admin.Access;

/// <summary>The admin API's key, for those who need none: who has the Unix socket.</summary>
internal sealed class AdminKeyEndpoints(AdminKey key)
{
    public void Map(AdminRoutes routes)
    {
        routes.Get("/api/v1/admin-key", GetAsync, "getAdminKey", "The key for the API over the network. Over the Unix socket only.").Answers<AdminKeyAnswer>().OverUnixSocketOnly();
        routes.Post("/api/v1/admin-key/rotate", RotateAsync, "rotateAdminKey", "Makes another key; the old one ends at once. Over the Unix socket only.")
            .Answers<AdminKeyAnswer>()
            .OverUnixSocketOnly();
    }

    private Task GetAsync(HttpContext context) => AnswerAsync(context, key.Value);

    private Task RotateAsync(HttpContext context) => AnswerAsync(context, key.Rotate());

    private static Task AnswerAsync(HttpContext context, string value) =>
        AdminResults.WriteAsync(context, new AdminKeyAnswer(value), AdminJson.Default.AdminKeyAnswer);
}
