using Microsoft.AspNetCore.Http;
using Tunnel.Hub.Admin.Answers;
using Tunnel.Hub.Admin.Routing;

namespace Tunnel.Hub.Admin.Access;

/// <summary>Shows and rotates the admin API's keys, for those who need none because they have the Unix socket.</summary>
internal sealed class AdminKeyEndpoints(AdminKeys keys)
{
    private const string ReadOnly = "readOnly";
    private const string Which = "true: the key that may look and not change.";

    public void Map(AdminRoutes routes)
    {
        routes.Get("/api/v1/admin-key", GetAsync, "getAdminKey", "The key for the API over the network. Over the Unix socket only.")
            .Query<bool>(ReadOnly, Which)
            .Answers<AdminKeyAnswer>().OverUnixSocketOnly();
        routes.Post(
            "/api/v1/admin-key/rotate", RotateAsync, "rotateAdminKey",
            "Makes another key; the old one ends at once. Over the Unix socket only.")
            .Query<bool>(ReadOnly, Which)
            .Answers<AdminKeyAnswer>()
            .OverUnixSocketOnly();
    }

    private Task GetAsync(HttpContext context) => AnswerAsync(context, Key(context).Value);

    private Task RotateAsync(HttpContext context) => AnswerAsync(context, Key(context).Rotate());

    private AdminKey Key(HttpContext context) => context.Request.Query[ReadOnly].FirstOrDefault() switch
    {
        null or "false" => keys.Full,
        "true" => keys.ReadOnly,
        var other => throw new ProblemException(Problem.Invalid($"?{ReadOnly}", other, "must be true or false")),
    };

    private static Task AnswerAsync(HttpContext context, string value) =>
        AdminResults.WriteAsync(context, new AdminKeyAnswer(value), AdminJson.Default.AdminKeyAnswer);
}
