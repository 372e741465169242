using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.DependencyInjection;
using Tunnel.Hub.Admin.Answers;

namespace Tunnel.Hub.Admin.OpenApi;

/// <summary>Makes the OpenAPI document from the declarations in <see cref="Routing.AdminRoutes"/>.</summary>
internal static class OpenApiServices
{
    public const string DocumentName = "v1";

    public static void Add(IServiceCollection services)
    {
        services.ConfigureHttpJsonOptions(UseAdminJson);
        services.AddOpenApi(DocumentName, options =>
        {
            options.AddDocumentTransformer<DocumentDescription>();
            options.AddOperationTransformer<OperationDescription>();
            options.AddSchemaTransformer<SchemaDescription>();
        });
    }

    // The document's schemas are made from these options, so they have to be the ones with which answers are written.
    private static void UseAdminJson(JsonOptions options)
    {
        var json = options.SerializerOptions;
        json.NumberHandling = JsonNumberHandling.Strict;
        json.DefaultIgnoreCondition = AdminJson.Default.Options.DefaultIgnoreCondition;
        json.TypeInfoResolver = AdminJson.Default;
        foreach (var converter in AdminJson.Default.Options.Converters)
            json.Converters.Add(converter);
    }
}
