using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Tunnel.Hub.Accepting;
using Tunnel.Hub.Admin.Answers;
using Tunnel.Hub.Admin.Routing;
using Tunnel.Shared.Hosting;
using Tunnel.Shared.Strangers;

namespace Tunnel.Hub.Admin.Access;

/// <summary>
/// Decides whether a request may pass. Over the Unix socket every request may, since whoever may open the file may administer the hub;
/// from anywhere else the key is needed. After too many wrong keys an address is told to wait, but the right key always passes: somebody
/// who guesses must not lock out somebody who knows the key.
/// </summary>
internal sealed class AdminAccess(AdminKeys keys, FailedTries failedTries, ILogger logger)
{
    private const string Scheme = "Bearer ";

    // FailedTries counts pairs of address and edge; no edge has this id.
    private const string Subject = "";

    // Marks a request whose key may look and not change.
    private static readonly object LooksOnly = new();

    /// <summary>Whether a request that has passed may change something, by its key or because it came over the Unix socket.</summary>
    public static bool MayChange(HttpContext context) => !context.Items.ContainsKey(LooksOnly);

    public async Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        if (AdminConnection.IsLocal(context) || context.GetEndpoint()?.Metadata.GetMetadata<KeyNotNeeded>() is not null)
        {
            await next(context);
            return;
        }

        var revoked = CheckKey(context);
        if (context.GetEndpoint()?.Metadata.GetMetadata<LocalOnly>() is not null)
            throw Refused(StatusCodes.Status403Forbidden, $"{context.Request.Path} is answered over the hub's Unix socket only.");

        // Streams of events go on for days, but not longer than their key is valid.
        using var cut = revoked.UnsafeRegister(static context => ((HttpContext)context!).Abort(), context);
        await next(context);
    }

    private CancellationToken CheckKey(HttpContext context)
    {
        var remote = context.Connection.RemoteIpAddress ?? IPAddress.None;
        var header = context.Request.Headers.Authorization.ToString();
        if (header.Length == 0)
        {
            // A request without a key does not count as a try.
            context.Response.Headers.WWWAuthenticate = "Bearer";
            throw Refused(
                StatusCodes.Status401Unauthorized, "The key is missing: send Authorization: Bearer KEY. `tunnel-hub admin-key` prints it.");
        }

        var presented = header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) ? header[Scheme.Length..].Trim() : "";
        var mayChange = keys.Full.Matches(presented, out var revoked);
        if (mayChange || keys.ReadOnly.Matches(presented, out revoked))
        {
            failedTries.Clear(remote, Subject);
            context.Features.Get<StrangerPass>()?.Admit();
            if (!mayChange)
                context.Items[LooksOnly] = true;
            return mayChange || HttpMethods.IsGet(context.Request.Method)
                ? revoked
                : throw Refused(
                    StatusCodes.Status403Forbidden,
                    $"This key may look and not change: GET and HEAD, not {context.Request.Method}. `tunnel-hub admin-key` prints the "
                        + "one that may.");
        }

        if (failedTries.IsBlocked(remote, Subject))
        {
            context.Response.Headers.RetryAfter = FailedTries.Period.TotalSeconds.ToString(CultureInfo.InvariantCulture);
            throw Refused(
                StatusCodes.Status429TooManyRequests, "Too many wrong keys came from your address. The right one is taken at once.");
        }

        if (failedTries.AddFailure(remote, Subject))
            AdminLog.Blocked(logger, remote);
        else
            AdminLog.WrongKey(logger, remote);
        context.Response.Headers.WWWAuthenticate = "Bearer error=\"invalid_token\"";
        throw Refused(StatusCodes.Status401Unauthorized, "The key is not the right one. `tunnel-hub admin-key` prints it.");
    }

    private static ProblemException Refused(int status, string detail) => new(new Problem { Status = status, Detail = detail });
}
