using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.OpenApi;
using Tunnel.Hub.Admin.Answers;
using Tunnel.Hub.Admin.Routing;

namespace Tunnel.Hub.Admin.OpenApi;

/// <summary>Completes an operation with its parameters and the errors that all operations share.</summary>
internal sealed class OperationDescription : IOpenApiOperationTransformer
{
    private static readonly int[] ErrorsOfKeys =
        [StatusCodes.Status401Unauthorized, StatusCodes.Status403Forbidden, StatusCodes.Status429TooManyRequests];

    public async Task TransformAsync(
        OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        operation.Parameters = [];
        foreach (var segment in context.Description.RelativePath!.Split('/').Where(segment => segment.StartsWith('{')))
        {
            operation.Parameters.Add(await ParameterAsync(
                new AdminParameter(segment.Trim('{', '}'), typeof(string), "", InHeader: false), ParameterLocation.Path));
        }

        foreach (var parameter in context.Description.ActionDescriptor.EndpointMetadata.OfType<AdminParameter>())
        {
            operation.Parameters.Add(
                await ParameterAsync(parameter, parameter.InHeader ? ParameterLocation.Header : ParameterLocation.Query));
        }

        operation.Responses ??= [];
        context.Document!.AddComponent(nameof(Problem), await context.GetOrCreateSchemaAsync(typeof(Problem), null, cancellationToken));
        var needsKey = !context.Description.ActionDescriptor.EndpointMetadata.OfType<KeyNotNeeded>().Any();
        foreach (var status in needsKey ? ErrorsOfKeys : [])
            AddFailure(status);
        AddFailure(StatusCodes.Status500InternalServerError);

        var key = new OpenApiSecuritySchemeReference(DocumentDescription.KeyScheme, context.Document);
        operation.Security = needsKey ? [new OpenApiSecurityRequirement { [key] = [] }] : null;

        void AddFailure(int status) =>
            operation.Responses.TryAdd(status.ToString(CultureInfo.InvariantCulture), Failure(status, context.Document));

        async Task<OpenApiParameter> ParameterAsync(AdminParameter parameter, ParameterLocation location) => new()
        {
            Name = parameter.Name,
            In = location,
            Required = location == ParameterLocation.Path,
            Description = parameter.Description.Length > 0 ? parameter.Description : null,
            Schema = await context.GetOrCreateSchemaAsync(parameter.Type, null, cancellationToken),
        };
    }

    private static OpenApiResponse Failure(int status, OpenApiDocument document) => new()
    {
        Description = ReasonPhrases.GetReasonPhrase(status),
        Content = new Dictionary<string, OpenApiMediaType>
        {
            [Problem.ContentType] = new()
            {
                Schema = new OpenApiSchemaReference(
            nameof(Problem), document)
            }
        },
    };
}
