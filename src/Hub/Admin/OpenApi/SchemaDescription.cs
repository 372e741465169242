using System.Collections.Immutable;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;
using Tunnel.Shared.Operator;

namespace Tunnel.Hub.Admin.OpenApi;

/// <summary>Describes the types that have a JSON form of their own.</summary>
internal sealed class SchemaDescription : IOpenApiSchemaTransformer
{
    public Task TransformAsync(OpenApiSchema schema, OpenApiSchemaTransformerContext context, CancellationToken cancellationToken)
    {
        if (context.JsonTypeInfo.Type == typeof(ImmutableArray<PortRange>))
            schema.Items = PortOrRange();
        return Task.CompletedTask;
    }

    private static OpenApiSchema PortOrRange() => new()
    {
        Description = "A port, or a range such as \"8000-8010\".",
        OneOf =
        [
            new OpenApiSchema { Type = JsonSchemaType.Integer, Minimum = "1", Maximum = "65535" },
            new OpenApiSchema { Type = JsonSchemaType.String, Pattern = "^[0-9]{1,5}(-[0-9]{1,5})?$" },
        ],
    };
}
