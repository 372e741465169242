using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;
using Tunnel.Hub.Admin.Answers;

namespace Tunnel.Hub.Admin.Routing;

/// <summary>
/// Where endpoints are declared: each with its handler and, in the same place, its description for the OpenAPI document. A handler writes
/// its answer with <see cref="AdminResults"/> and throws <see cref="ProblemException"/> for everything else.
/// </summary>
internal sealed class AdminRoutes(IEndpointRouteBuilder routes)
{
    /// <summary>The path of the document that describes all endpoints.</summary>
    public const string DescriptionPath = "/openapi/v1.json";

    private readonly Dictionary<string, SortedSet<string>> _methodsByPath = new(StringComparer.Ordinal);

    /// <param name="path">The path, with parameters in braces: <c>/api/v1/edges/{id}</c>.</param>
    /// <param name="handler">Handles the request on the thread pool.</param>
    /// <param name="name">The operation's unique name in generated clients: <c>listEdges</c>.</param>
    /// <param name="summary">What the operation does, in one sentence.</param>
    public AdminRoute Get(string path, RequestDelegate handler, string name, string summary) =>
        Map(HttpMethods.Get, path, handler, name, summary);

    /// <inheritdoc cref="Get"/>
    public AdminRoute Put(string path, RequestDelegate handler, string name, string summary) =>
        Map(HttpMethods.Put, path, handler, name, summary);

    /// <inheritdoc cref="Get"/>
    public AdminRoute Post(string path, RequestDelegate handler, string name, string summary) =>
        Map(HttpMethods.Post, path, handler, name, summary);

    /// <inheritdoc cref="Get"/>
    public AdminRoute Patch(string path, RequestDelegate handler, string name, string summary) =>
        Map(HttpMethods.Patch, path, handler, name, summary);

    /// <inheritdoc cref="Get"/>
    public AdminRoute Delete(string path, RequestDelegate handler, string name, string summary) =>
        Map(HttpMethods.Delete, path, handler, name, summary);

    /// <summary>Answers everything undeclared: 405 for another method of a known path, else 404. Must be called last.</summary>
    public void MapEverythingElse()
    {
        foreach (var (path, methods) in _methodsByPath)
        {
            // A HEAD request goes wherever GET goes before it could reach this.
            var allowed = string.Join(
                ", ", methods.SelectMany(method => HttpMethods.IsGet(method) ? (string[])[method, HttpMethods.Head] : [method]));
            routes.Map(path, (RequestDelegate)(context => RefuseMethod(context, allowed)));
        }

        routes.Map("/{**path}", (RequestDelegate)NotFound);
    }

    private AdminRoute Map(string method, string path, RequestDelegate handler, string name, string summary)
    {
        if (!_methodsByPath.TryGetValue(path, out var methods))
            _methodsByPath.Add(path, methods = new SortedSet<string>(StringComparer.Ordinal));
        methods.Add(method);

        // The API description recognizes an endpoint by the reflection of its method.
        var group = handler.Method.DeclaringType!.Name.Replace("Endpoints", "", StringComparison.Ordinal);
        return new AdminRoute(routes.MapMethods(path, [method], handler).WithMetadata(
            handler.Method, new EndpointNameMetadata(name), new EndpointSummary(summary), new TagsAttribute(group)));
    }

    private static Task RefuseMethod(HttpContext context, string allowed)
    {
        context.Response.Headers.Allow = allowed;
        throw new ProblemException(new Problem
        {
            Status = StatusCodes.Status405MethodNotAllowed,
            Detail = $"{context.Request.Path} does not take {context.Request.Method}; it takes {allowed}.",
        });
    }

    private static Task NotFound(HttpContext context) => throw new ProblemException(new Problem
    {
        Status = StatusCodes.Status404NotFound,
        Detail = $"There is no {context.Request.Path}. GET {DescriptionPath} describes what there is.",
    });

    private sealed record EndpointSummary(string Summary) : IEndpointSummaryMetadata;
}
