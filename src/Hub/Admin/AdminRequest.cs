using System.Buffers;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;
using Tunnel.Hub.Admin.Answers;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Shared.Operator;

namespace Tunnel.Hub.Admin;

/// <summary>Reads the body and the query of a request, bounded and strictly.</summary>
internal static class AdminRequest
{
    /// <summary>The largest body in bytes; the largest edge fits.</summary>
    public const int MaxBody = 4 << 20;

    /// <summary>
    /// The largest body in bytes with all edges: the largest set fits (<see cref="EdgeSetValidator.MaxSetBytes"/>), with a secret for
    /// each edge.
    /// </summary>
    public const int MaxSetBody = 16 << 20;

    /// <summary>Reads the body as JSON. If <paramref name="optional"/>, an empty body counts as an empty object.</summary>
    /// <exception cref="ProblemException">413, 415 or 400.</exception>
    public static async Task<JsonDocument> ReadJsonAsync(HttpContext context, bool optional = false, int maxBody = MaxBody)
    {
        var body = await ReadBodyAsync(context, maxBody);
        if (body.Length == 0 && optional)
            return JsonDocument.Parse("{}");
        if (!HasJsonType(context.Request))
        {
            throw new ProblemException(new Problem
            {
                Status = StatusCodes.Status415UnsupportedMediaType,
                Detail = "The body must be JSON, and say so: Content-Type: application/json",
            });
        }

        return JsonText.Parse(body, out var faults)
            ?? throw new ProblemException(Problem.Invalid([.. faults.Select(fault => new Fault(fault.Path, fault.Place, fault.Problem))]));
    }

    /// <summary>Reads the body as an object, strictly.</summary>
    /// <param name="context">The request.</param>
    /// <param name="reader">The members that the object may have.</param>
    /// <param name="start">The value without any member.</param>
    /// <param name="optional">Whether a missing body counts as an empty object.</param>
    /// <exception cref="ProblemException">413, 415 or 400, with every fault.</exception>
    public static async Task<T> ReadAsync<T>(HttpContext context, ObjectReader<T> reader, T start, bool optional = false)
    {
        using var body = await ReadJsonAsync(context, optional);
        var faults = new FaultList();
        reader.TryRead(new WrittenValue(body.RootElement, "$", faults), start, out var read);
        return faults.IsEmpty ? read : throw new ProblemException(Problem.Invalid(faults.ToImmutable()));
    }

    /// <summary>Reads a query parameter that is true or false; false when it is missing.</summary>
    /// <exception cref="ProblemException">400: the value is something else.</exception>
    public static bool Flag(HttpContext context, string name)
    {
        var value = context.Request.Query[name].FirstOrDefault();
        if (value is null)
            return false;
        return bool.TryParse(value, out var flag)
            ? flag
            : throw new ProblemException(Problem.Invalid($"?{name}", value, "must be true or false"));
    }

    private static bool HasJsonType(HttpRequest request) =>
        MediaTypeHeaderValue.TryParse(request.ContentType, out var type)
        && (type.MediaType.Equals("application/json", StringComparison.OrdinalIgnoreCase) || type.Suffix.Equals(
            "json", StringComparison.OrdinalIgnoreCase));

    private static async Task<ReadOnlyMemory<byte>> ReadBodyAsync(HttpContext context, int maxBody)
    {
        if (context.Request.ContentLength > maxBody)
            throw TooLarge(maxBody);
        var body = new ArrayBufferWriter<byte>();
        while (true)
        {
            var result = await context.Request.BodyReader.ReadAsync(context.RequestAborted);
            if (body.WrittenCount + result.Buffer.Length > maxBody)
                throw TooLarge(maxBody);
            foreach (var segment in result.Buffer)
                body.Write(segment.Span);
            context.Request.BodyReader.AdvanceTo(result.Buffer.End);
            if (result.IsCompleted)
                return body.WrittenMemory;
        }
    }

    private static ProblemException TooLarge(int maxBody) => new(new Problem
    {
        Status = StatusCodes.Status413PayloadTooLarge,
        Detail = $"The body has more than {maxBody} bytes.",
    });
}
