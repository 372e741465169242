using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;
using Tunnel.Hub.Admin.Answers;

namespace Tunnel.Hub.Admin.Routing;

/// <summary>
/// Declares what an endpoint takes and answers, for the OpenAPI document. What every endpoint can answer (500), and each that needs the
/// key (401, 403, 429), is not repeated.
/// </summary>
internal sealed class AdminRoute(IEndpointConventionBuilder endpoint)
{
    private const string Json = "application/json";

    /// <summary>Declares a query parameter.</summary>
    public AdminRoute Query<T>(string name, string description) => With(new AdminParameter(name, typeof(T), description, InHeader: false));

    /// <summary>Declares a header that this endpoint reads.</summary>
    public AdminRoute Header(string name, string description) =>
        With(new AdminParameter(name, typeof(string), description, InHeader: true));

    /// <summary>Declares a JSON body, and with it the statuses 400, 413 and 415.</summary>
    public AdminRoute Body<T>(bool optional = false) =>
        // Without a content type, because routing would use it and answer 415 in its own way.
        With(new AcceptsMetadata([], typeof(T), optional))
            .Fails(StatusCodes.Status400BadRequest, StatusCodes.Status413PayloadTooLarge, StatusCodes.Status415UnsupportedMediaType);

    /// <summary>Declares the answer of a success.</summary>
    public AdminRoute Answers<T>(int status = StatusCodes.Status200OK, string contentType = Json, string? description = null) =>
        With(new ProducesResponseTypeMetadata(status, typeof(T), [contentType]) { Description = description });

    /// <summary>Declares a success without a body.</summary>
    public AdminRoute AnswersNothing(int status, string description) =>
        With(new ProducesResponseTypeMetadata(status, typeof(void), []) { Description = description });

    /// <summary>Declares statuses that come with problem details.</summary>
    public AdminRoute Fails(params ReadOnlySpan<int> statuses)
    {
        foreach (var status in statuses)
            With(new ProducesResponseTypeMetadata(status, typeof(Problem), [Problem.ContentType]));
        return this;
    }

    /// <summary>Lets anybody who reaches the port use the endpoint without a key.</summary>
    public AdminRoute WithoutKey() => With(new KeyNotNeeded());

    /// <summary>Answers the endpoint only to who asks for one of the hub's own names.</summary>
    public AdminRoute ForBrowsers() => With(new ServedToBrowsers());

    /// <summary>Answers the endpoint over the Unix socket only.</summary>
    public AdminRoute OverUnixSocketOnly() => With(new LocalOnly());

    private AdminRoute With(object metadata)
    {
        endpoint.WithMetadata(metadata);
        return this;
    }
}

/// <summary>A parameter that an endpoint reads from its request.</summary>
/// <param name="Name">Its name in the request.</param>
/// <param name="Type">Its type: a string, a number or a boolean.</param>
/// <param name="Description">What the parameter does.</param>
/// <param name="InHeader">True when it is in a header, false when it is in the query.</param>
internal sealed record AdminParameter(string Name, Type Type, string Description, bool InHeader);
