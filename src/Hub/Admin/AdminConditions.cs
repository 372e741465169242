using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;
using Tunnel.Hub.Admin.Answers;

namespace Tunnel.Hub.Admin;

/// <summary>
/// Conditional requests (RFC 9110, section 13): a writer says which version it knows, so that it overwrites nothing unseen.
/// </summary>
internal static class AdminConditions
{
    /// <summary>
    /// Reads <c>If-Match</c> and <c>If-None-Match</c> as a condition on the present entity tag (null: there is no tag). Returns null when
    /// there is neither header.
    /// </summary>
    /// <exception cref="ProblemException">400: a header can't be understood, which must not count as no header.</exception>
    public static Func<string?, bool>? Read(HttpContext context)
    {
        var match = Parse(context, HeaderNames.IfMatch);
        var noneMatch = Parse(context, HeaderNames.IfNoneMatch);
        if (match is null && noneMatch is null)
            return null;
        return current => (match is null || Names(match, current)) && (noneMatch is null || !Names(noneMatch, current));
    }

    /// <summary><c>If-None-Match: *</c>: the request is to create something that does not exist yet.</summary>
    public static bool IsToCreate(HttpContext context) =>
        Parse(context, HeaderNames.IfNoneMatch) is [var only] && only.Equals(EntityTagHeaderValue.Any);

    /// <summary>Sends the tag. Returns true when the reader already has this version, so that 304 is the whole answer.</summary>
    public static bool IsNotModified(HttpContext context, string tag)
    {
        context.Response.Headers.ETag = tag;
        if (Parse(context, HeaderNames.IfNoneMatch) is not { } known || !Names(known, tag))
            return false;
        context.Response.StatusCode = StatusCodes.Status304NotModified;
        return true;
    }

    private static bool Names(IList<EntityTagHeaderValue> tags, string? current) =>
        current is not null && tags.Any(tag => tag.Equals(EntityTagHeaderValue.Any) || (!tag.IsWeak && tag.Tag == current));

    private static IList<EntityTagHeaderValue>? Parse(HttpContext context, string name)
    {
        if (!context.Request.Headers.TryGetValue(name, out var values))
            return null;
        return EntityTagHeaderValue.TryParseStrictList([.. values.OfType<string>()], out var tags)
            ? tags
            : throw new ProblemException(
                Problem.Invalid(name, values.ToString(), "must be * or entity tags in quotes, as the header ETag of an answer has them"));
    }
}
