using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.OpenApi;
using Tunnel.Hub.Admin.Routing;

namespace Tunnel.Hub.Admin.OpenApi;

/// <summary>Answers the OpenAPI document; it is made when it is first requested.</summary>
internal sealed class OpenApiEndpoint
{
    private readonly SemaphoreSlim _making = new(1, 1);
    private byte[]? _document;

    public void Map(AdminRoutes routes) =>
        routes.Get(AdminRoutes.DescriptionPath, AnswerAsync, "getOpenApi", "This description (OpenAPI 3.1).").Answers<object>();

    private async Task AnswerAsync(HttpContext context)
    {
        var document = _document ?? await MakeAsync(context);
        context.Response.ContentType = "application/json";
        await context.Response.Body.WriteAsync(document, context.RequestAborted);
    }

    private async Task<byte[]> MakeAsync(HttpContext context)
    {
        await _making.WaitAsync(context.RequestAborted);
        try
        {
            return _document ??= await WriteAsync(context.RequestServices);
        }
        finally
        {
            _making.Release();
        }
    }

    private static async Task<byte[]> WriteAsync(IServiceProvider services)
    {
        var document =
            await services.GetRequiredKeyedService<IOpenApiDocumentProvider>(OpenApiServices.DocumentName).GetOpenApiDocumentAsync();
        using var text = new StringWriter(CultureInfo.InvariantCulture);
        document.SerializeAsV31(new OpenApiJsonWriter(text));
        return System.Text.Encoding.UTF8.GetBytes(text.ToString());
    }
}
