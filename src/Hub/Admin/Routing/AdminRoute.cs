using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;
using Tunnel.Hub.Admin.Answers;

namespace Tunnel.Hub.Admin.Routing;

/// <summary>
/// Says what an endpoint takes and answers; it is read by the OpenAPI document. What every endpoint can answer (401, 403, 429, 500) is not
/// repeated.
/// </summary>
internal sealed class AdminRoute(IEndpointConventionBuilder endpoint)
{
    private const string Json = "application/json";

    /// <summary>Declares a parameter in the query.</summary>
    public AdminRoute Query<T>(string name, string description) => With(new AdminParameter(name, typeof(T), description, InHeader: false));

    /// <summary>Declares a header that means something to this endpoint.</summary>
    public AdminRoute Header(string name, string description) =>
        With(new AdminParameter(name, typeof(string), description, InHeader: true));

    /// <summary>Declares a body in JSON; with it come 400, 413 and 415.</summary>
    public AdminRoute Body<T>(bool optional = false) =>
        // Without a content type, since routing would go by it and answer 415 in its own way.
        With(new AcceptsMetadata([], typeof(T), optional))
            .Fails(StatusCodes.Status400BadRequest, StatusCodes.Status413PayloadTooLarge, StatusCodes.Status415UnsupportedMediaType);

    /// <summary>Declares what a success answers.</summary>
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

    /// <summary>Lets it be asked without the key, by whoever reaches the port.</summary>
    public AdminRoute WithoutKey() => With(new KeyNotNeeded());

    /// <summary>Answers it to those alone who have the Unix socket.</summary>
    public AdminRoute OverUnixSocketOnly() => With(new LocalOnly());

    private AdminRoute With(object metadata)
    {
        endpoint.WithMetadata(metadata);
        return this;
    }
}

/// <summary>A parameter that an endpoint reads from its request.</summary>
/// <param name="Name">Its name there.</param>
/// <param name="Type">What it is: a string, a number, a boolean.</param>
/// <param name="Description">What it does.</param>
/// <param name="InHeader">In a header, else in the query.</param>
internal sealed record AdminParameter(string Name, Type Type, string Description, bool InHeader);
