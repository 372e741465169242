using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Tunnel.Shared.Hosting;

namespace Tunnel.Hub.Admin;

/// <summary>Writes answers.</summary>
internal static class AdminResults
{
    public static Task WriteAsync<T>(HttpContext context, T value, JsonTypeInfo<T> type, int status = StatusCodes.Status200OK, string contentType = "application/json")
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = contentType;

        // Answers may hold a token.
        context.Response.Headers.CacheControl = "no-store";
        return JsonSerializer.SerializeAsync(context.Response.Body, value, type, context.RequestAborted);
    }

    public static Task WriteProblemAsync(HttpContext context, Problem problem) =>
        WriteAsync(context, problem, AdminJson.Default.Problem, problem.Status, Problem.ContentType);

    /// <summary>Runs an endpoint; whatever ends it becomes problem details.</summary>
    public static RequestDelegate Guard(RequestDelegate endpoint, ILogger logger) => async context =>
    {
        try
        {
            await endpoint(context);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // Nobody reads the answer.
        }
        catch (Exception error) when (!context.Response.HasStarted)
        {
            await WriteProblemAsync(context, ToProblem(error, context, logger));
        }
    };

    private static Problem ToProblem(Exception error, HttpContext context, ILogger logger)
    {
        switch (error)
        {
            case ProblemException refused:
                return refused.Problem;
            case BadHttpRequestException bad:
                return new Problem { Status = bad.StatusCode, Detail = bad.Message };
            case OperatorException failed:
                AdminLog.Failed(logger, context.Request.Method, context.Request.Path, failed.Message);
                return new Problem { Status = StatusCodes.Status500InternalServerError, Detail = failed.Message };
            default:
                AdminLog.Broken(logger, error, context.Request.Method, context.Request.Path);
                return new Problem { Status = StatusCodes.Status500InternalServerError, Detail = "The hub failed; its log says why." };
        }
    }
}
