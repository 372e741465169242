using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Tunnel.Shared.Operator;

namespace Tunnel.Hub.Admin.Answers;

/// <summary>The answer to a failed request: problem details (RFC 9457), with every fault that was found.</summary>
internal sealed record Problem
{
    public const string ContentType = "application/problem+json";

    /// <summary>The HTTP status.</summary>
    public required int Status { get; init; }

    /// <summary>The status in words.</summary>
    public string Title => ReasonPhrases.GetReasonPhrase(Status);

    /// <summary>The fault in words for the operator.</summary>
    public required string Detail { get; init; }

    /// <summary>Advice what to ask the API next; null when there is none.</summary>
    public string? Hint { get; init; }

    /// <summary>Each fault with its JSON path, value and what would be valid; secrets are masked.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public ImmutableArray<Fault> Errors { get; init; }

    public static Problem NotFound(string id) =>
        new() { Status = StatusCodes.Status404NotFound, Detail = $"There is no edge \"{id}\".", Hint = "GET /api/v1/edges lists all." };

    public static Problem Conflict(string id) =>
        new()
        {
            Status = StatusCodes.Status409Conflict,
            Detail = $"There is an edge \"{id}\" already.",
            Hint = $"Change it with PUT /api/v1/edges/{id}, or take another id.",
        };

    /// <param name="what">The edge or the set.</param>
    /// <param name="tag">Its entity tag, or null when it does not exist.</param>
    public static Problem Changed(string what, string? tag) => new()
    {
        Status = StatusCodes.Status412PreconditionFailed,
        Detail = tag is null
            ? $"Nothing was changed: {what} does not exist, though the request is for one that does (If-Match)."
            : $"Nothing was changed: {what} is not in the state that the request is for; its ETag is {tag} now. "
                + "Read it again and change that.",
    };

    public static Problem Invalid(ImmutableArray<Fault> errors) => new()
    {
        Status = StatusCodes.Status400BadRequest,
        Detail = errors.Length == 1 ? "Nothing was changed: there is 1 error." : $"Nothing was changed: there are {errors.Length} errors.",
        Errors = errors,
    };

    public static Problem Invalid(string path, string value, string message) => Invalid([new Fault(path, value, message)]);
}

/// <summary>Ends a request with a problem as its answer.</summary>
internal sealed class ProblemException(Problem problem) : Exception(problem.Detail)
{
    public Problem Problem { get; } = problem;
}
