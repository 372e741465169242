using Microsoft.AspNetCore.Http;
using Tunnel.Hub.Admin.Answers;
using Tunnel.Hub.Edges.State;

namespace Tunnel.Hub.Admin;

/// <summary>Answers a change of one edge or of the set.</summary>
internal static class EdgeAnswers
{
    /// <param name="context">The request.</param>
    /// <param name="result">The outcome of the change.</param>
    /// <param name="id">The edge; empty when the change was about the set.</param>
    /// <param name="status">The HTTP status of a success.</param>
    /// <param name="token">The new edge's token.</param>
    /// <param name="what">What the request was about, in words for the operator; null: the edge or the set.</param>
    public static Task WriteAsync(
        HttpContext context, EdgeUpdateResult result, string id, int status, string? token = null, string? what = null)
    {
        var tag = id.Length == 0 ? result.After.Tag : result.After.TagOf(id);
        if (result.Status is EdgeUpdateStatus.Applied or EdgeUpdateStatus.PreconditionFailed)
            context.Response.Headers.ETag = tag;
        return result.Status switch
        {
            EdgeUpdateStatus.Applied => AdminResults.WriteAsync(
                context,
                new EdgeChangeAnswer
                {
                    Edge = result.After.Edges.GetValueOrDefault(id)?.Definition,
                    Token = token,
                    Changes = result.Diff.Edges,
                    Warnings = result.Warnings,
                },
                AdminJson.Default.EdgeChangeAnswer,
                status),
            EdgeUpdateStatus.NotFound => AdminResults.WriteProblemAsync(context, Problem.NotFound(id)),
            EdgeUpdateStatus.AlreadyExists => AdminResults.WriteProblemAsync(context, Problem.Conflict(id)),
            EdgeUpdateStatus.PreconditionFailed =>
                AdminResults.WriteProblemAsync(
                    context, Problem.Changed(what ?? (id.Length == 0 ? "the set of edges" : $"the edge \"{id}\""), tag)),
            _ => AdminResults.WriteProblemAsync(context, Problem.Invalid(result.Errors)),
        };
    }
}
