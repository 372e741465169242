using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;
using Tunnel.Shared.Hosting;

namespace Tunnel.Hub.Admin.OpenApi;

/// <summary>Describes the API as a whole in the OpenAPI document.</summary>
internal sealed class DocumentDescription : IOpenApiDocumentTransformer
{
    /// <summary>The name of the security scheme.</summary>
    public const string KeyScheme = "adminKey";

    public Task TransformAsync(OpenApiDocument document, OpenApiDocumentTransformerContext context, CancellationToken cancellationToken)
    {
        document.Info = new OpenApiInfo
        {
            Title = "tunnel-hub admin API",
            Version = ProductVersion.Number,
            Description = "Edges, their ports and what goes on. Over the hub's Unix socket without a password; elsewhere with the key that "
                + "`tunnel-hub admin-key` prints. Errors are problem details (RFC 9457) with every fault that was found.",
        };

        // The address of the API differs with every hub, so it is the one where this document is.
        document.Servers = [new OpenApiServer { Url = "/" }];
        document.Components ??= new OpenApiComponents();
        document.Components.SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme>
        {
            [KeyScheme] = new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.Http,
                Scheme = "bearer",
                Description = "The key that `tunnel-hub admin-key` prints. The Unix socket needs none.",
            },
        };
        return Task.CompletedTask;
    }
}
