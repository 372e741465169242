using System.Collections.Immutable;
using System.Net;
using Microsoft.AspNetCore.Http;
using Tunnel.Hub.Accepting;
using Tunnel.Hub.Admin.Access;
using Tunnel.Hub.Admin.Answers;
using Tunnel.Hub.Admin.Routing;
using Tunnel.Shared.Hosting;
using Tunnel.Shared.Operator;
using Tunnel.Shared.Strangers;

namespace Tunnel.Hub.Admin;

/// <summary>How a browser comes to the key: a link that works once, made over the Unix socket.</summary>
/// <param name="keys">The keys of the API.</param>
/// <param name="codes">The codes in such links.</param>
/// <param name="addresses">Returns the addresses at which the page is served over the network.</param>
/// <param name="failedTries">Counts wrong codes as it does wrong keys.</param>
internal sealed class LoginEndpoints(AdminKeys keys, LoginCodes codes, Func<ImmutableArray<string>> addresses, FailedTries failedTries)
{
    private const int MaxCode = 200;

    // FailedTries counts pairs of address and edge; no edge has this id.
    private const string Subject = "";

    private static readonly ObjectReader<string> Login = new(
        "{\"code\": \"...\"}", new ObjectMember<string>("code", (_, value) => value.Text() ?? "", Needed: "is needed: the one in the link"))
    {
        HidesValue = true,
    };

    public void Map(AdminRoutes routes)
    {
        routes.Get("/api/v1/login", AskAsync, "getLogin", "Whether requests from here need a key.")
            .Answers<LoginNeed>()
            .WithoutKey();
        routes.Get("/api/v1/access", AccessAsync, "getAccess", "What the key of this request allows.")
            .Answers<KeyAccess>();
        routes.Post("/api/v1/login", LoginAsync, "login", "Exchanges the code of a login link for the key; each code works once.")
            .Body<LoginRequest>()
            .Answers<AdminKeyAnswer>()
            .Fails(StatusCodes.Status401Unauthorized, StatusCodes.Status403Forbidden, StatusCodes.Status429TooManyRequests)
            .WithoutKey();
        routes.Post(
            "/api/v1/login-link", LinkAsync, "createLoginLink",
            "Makes a code with which a browser logs in once, within a minute. Over the Unix socket only.")
            .Query<bool>("readOnly", "true: it may look and not change.")
            .Answers<LoginLink>()
            .OverUnixSocketOnly();
    }

    private static Task AskAsync(HttpContext context) =>
        AdminResults.WriteAsync(context, new LoginNeed(!AdminConnection.IsLocal(context)), AdminJson.Default.LoginNeed);

    private static Task AccessAsync(HttpContext context) =>
        AdminResults.WriteAsync(context, new KeyAccess(AdminAccess.MayChange(context)), AdminJson.Default.KeyAccess);

    private Task LinkAsync(HttpContext context)
    {
        var code = codes.Create(AdminRequest.Flag(context, "readOnly") ? keys.ReadOnly : keys.Full);
        return AdminResults.WriteAsync(
            context, new LoginLink(code, (int)LoginCodes.Lifetime.TotalSeconds, addresses()), AdminJson.Default.LoginLink);
    }

    private async Task LoginAsync(HttpContext context)
    {
        var code = await AdminRequest.ReadAsync(context, Login, "");
        var remote = context.Connection.RemoteIpAddress ?? IPAddress.None;
        if (failedTries.IsBlocked(remote, Subject))
            throw Refused(StatusCodes.Status429TooManyRequests, "Too many wrong keys came from your address. Wait a minute.");
        if (code.Length > MaxCode || codes.Take(code) is not { } key)
        {
            failedTries.AddFailure(remote, Subject);
            throw Refused(
                StatusCodes.Status401Unauthorized,
                "This link was used already, or is older than a minute. `tunnel-hub page` prints another.");
        }

        context.Features.Get<StrangerPass>()?.Admit();
        await AdminResults.WriteAsync(context, new AdminKeyAnswer(key.Value), AdminJson.Default.AdminKeyAnswer);
    }

    private static ProblemException Refused(int status, string detail) => new(new Problem { Status = status, Detail = detail });
}
