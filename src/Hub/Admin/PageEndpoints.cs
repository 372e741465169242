using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Tunnel.Hub.Admin.Answers;
using Tunnel.Hub.Admin.Routing;
using Tunnel.Hub.Web;

namespace Tunnel.Hub.Admin;

/// <summary>
/// Serves the web page. Its files hold no secret and need no key; what the page shows it asks for by the API, like every other client.
/// </summary>
internal sealed class PageEndpoints
{
    private const string Tagged = "the ETag that was read: answered 304 when the file is the same";

    public void Map(AdminRoutes routes)
    {
        routes.Get("/", context => WriteAsync(context, PageFiles.All["page.html"]), "getPage", "The web page.")
            .Header("If-None-Match", Tagged)
            .Answers<string>(contentType: "text/html")
            .AnswersNothing(StatusCodes.Status304NotModified, "It is the same.")
            .Fails(StatusCodes.Status421MisdirectedRequest)
            .WithoutKey().ForBrowsers();
        routes.Get("/page/{file}", FileAsync, "getPageFile", "A script, style or picture of the web page.")
            .Header("If-None-Match", Tagged)
            .Answers<string>(contentType: "text/javascript")
            .AnswersNothing(StatusCodes.Status304NotModified, "It is the same.")
            .Fails(StatusCodes.Status404NotFound, StatusCodes.Status421MisdirectedRequest)
            .WithoutKey().ForBrowsers();
    }

    private static Task FileAsync(HttpContext context)
    {
        var name = (string)context.GetRouteValue("file")!;
        return PageFiles.All.TryGetValue(name, out var file)
            ? WriteAsync(context, file)
            : throw new ProblemException(new Problem
            {
                Status = StatusCodes.Status404NotFound,
                Detail = "The page has no such file; another version of the hub may have had it. Load the page again.",
            });
    }

    private static Task WriteAsync(HttpContext context, PageFile file)
    {
        var response = context.Response;
        response.Headers.ETag = file.Tag;
        // The browser asks for the files again each time, so that a page never runs with scripts of two versions.
        response.Headers.CacheControl = "no-cache";
        if (context.Request.Headers.IfNoneMatch == file.Tag)
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return Task.CompletedTask;
        }

        response.ContentType = file.ContentType;
        response.ContentLength = file.Content.Length;
        return response.Body.WriteAsync(file.Content, context.RequestAborted).AsTask();
    }
}
