using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Tunnel.Shared.Hosting;

/// <summary>HEAD is answered wherever GET is, with its status and headers and without its body: several monitors ask so.</summary>
public static class HeadRequests
{
    /// <summary>Has HEAD take the way of GET; to be used before routing.</summary>
    public static void Use(IApplicationBuilder application) =>
        application.Use(next => context => HttpMethods.IsHead(context.Request.Method) ? AnswerAsync(context, next) : next(context));

    /// <summary>Whether only the headers are wanted: an answer without an end has to look.</summary>
    public static bool IsHead(HttpContext context) => context.Items.ContainsKey(typeof(HeadRequests));

    private static async Task AnswerAsync(HttpContext context, RequestDelegate next)
    {
        var body = context.Features.Get<IHttpResponseBodyFeature>();
        context.Items[typeof(HeadRequests)] = true;
        context.Request.Method = HttpMethods.Get;
        context.Features.Set<IHttpResponseBodyFeature>(new StreamResponseBodyFeature(Stream.Null));
        try
        {
            await next(context).ConfigureAwait(false);
        }
        finally
        {
            // The server sends the headers now, and knows by the method that nothing follows.
            context.Features.Set(body);
            context.Request.Method = HttpMethods.Head;
        }
    }
}
