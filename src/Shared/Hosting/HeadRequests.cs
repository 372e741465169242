using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Tunnel.Shared.Hosting;

/// <summary>Answers HEAD wherever GET is answered, with the same status and headers but no body, because several monitors use it.</summary>
public static class HeadRequests
{
    /// <summary>Makes HEAD requests take the way of GET; must be used before routing.</summary>
    public static void Use(IApplicationBuilder application) =>
        application.Use(next => context => HttpMethods.IsHead(context.Request.Method) ? AnswerAsync(context, next) : next(context));

    /// <summary>Whether only the headers are wanted; an endpoint whose answer never ends has to check this.</summary>
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
            // The server sends the headers now, and knows by the method that no body follows.
            context.Features.Set(body);
            context.Request.Method = HttpMethods.Head;
        }
    }
}
