using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;
using Tunnel.Shared.Text;

namespace Tunnel.Hub.Admin.Answers;

/// <summary>Writes answers of the admin API.</summary>
internal static class AdminResults
{
    private static readonly AdminJson Json = new(PlainJson.OptionsOf(AdminJson.Default));

    public static Task WriteAsync<T>(
        HttpContext context, T value, JsonTypeInfo<T> type, int status = StatusCodes.Status200OK, string contentType = "application/json")
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = contentType;

        // Answers may contain a token.
        context.Response.Headers.CacheControl = "no-store";
        return JsonSerializer.SerializeAsync(
            context.Response.Body, value, (JsonTypeInfo<T>)Json.GetTypeInfo(type.Type)!, context.RequestAborted);
    }

    public static Task WriteProblemAsync(HttpContext context, Problem problem) =>
        WriteAsync(context, problem, AdminJson.Default.Problem, problem.Status, Problem.ContentType);
}
