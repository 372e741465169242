using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Tunnel.Hub.Admin.Answers;
using Tunnel.Hub.Keeping;
using Tunnel.Shared.Hosting;

namespace Tunnel.Hub.Admin.Routing;

/// <summary>Turns every exception that ends a request into problem details.</summary>
internal sealed class ProblemMiddleware(ILogger logger)
{
    public async Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        try
        {
            await next(context);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // Nobody reads the answer any more.
        }
        catch (Exception error) when (!context.Response.HasStarted)
        {
            await AdminResults.WriteProblemAsync(context, ToProblem(error, context));
        }
    }

    private Problem ToProblem(Exception error, HttpContext context)
    {
        switch (error)
        {
            case ProblemException refused:
                return refused.Problem;
            case BadHttpRequestException bad:
                return new Problem { Status = bad.StatusCode, Detail = bad.Message };
            case StateUnavailableException away:
                AdminLog.Failed(logger, context.Request.Method, context.Request.Path, away.Message);
                if (away.RetryAfter is { } seconds)
                    AskToComeBack(context, seconds);
                return new Problem
                {
                    Status = StatusCodes.Status503ServiceUnavailable,
                    Detail = away.IsUncertain ? away.Message : $"Nothing was changed. {away.Message}",
                };
            case OperatorException failed:
                AdminLog.Failed(logger, context.Request.Method, context.Request.Path, failed.Message);
                return new Problem { Status = StatusCodes.Status500InternalServerError, Detail = failed.Message };
            default:
                AdminLog.Broken(logger, error, context.Request.Method, context.Request.Path);
                return new Problem { Status = StatusCodes.Status500InternalServerError, Detail = "The hub failed; its log says why." };
        }
    }

    // RFC 9110, section 10.2.3. Another process may be the one that answers then, over another connection.
    private static void AskToComeBack(HttpContext context, int seconds)
    {
        context.Response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        context.Response.Headers.Connection = "close";
    }
}
