using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Http;
using Tunnel.Hub.Admin.Answers;
using Tunnel.Hub.Admin.Routing;
using Tunnel.Shared.Hosting;

namespace Tunnel.Hub.Admin.Access;

/// <summary>
/// Keeps other sites' pages, in a browser that reaches this hub, from using the hub. Over the network they lack the key. Over the Unix
/// socket, which an operator may have forwarded to a port of the own machine, none is needed: so a request must name this machine
/// (else a site whose name is made to lead here, "DNS rebinding", would be taken for the hub's own page), and one that changes something
/// must come from a page of the same origin. All answers say that they are for no other site.
/// </summary>
/// <param name="publicHost">Returns the setting publicHost, HOST[:PORT]; null when it is not set.</param>
/// <param name="certificate">Returns the certificate that browsers see, null when there is none.</param>
internal sealed class BrowserGuard(Func<string?> publicHost, Func<X509Certificate2?> certificate)
{
    /// <summary>The rights of the page: to load its own scripts, styles and pictures, to ask its own API, and nothing else.</summary>
    public const string Policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
        + "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

    public Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        var headers = context.Response.Headers;
        headers.ContentSecurityPolicy = Policy;
        headers.XContentTypeOptions = "nosniff";
        headers.XFrameOptions = "DENY";
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        if (AdminConnection.IsLocal(context))
        {
            CheckLocalHost(context.Request.Host.Host);
            CheckOrigin(context.Request);
        }
        else if (context.GetEndpoint()?.Metadata.GetMetadata<ServedToBrowsers>() is not null)
        {
            CheckHost(context.Request.Host.Host);
        }

        return next(context);
    }

    // Names without a dot are what programs use for a socket, and no site of the Internet has one.
    private static void CheckLocalHost(string host)
    {
        if (!IsWithoutDot(host) && !(Address(host) is { } address && IPAddress.IsLoopback(address)))
            throw Misdirected(host, "The hub's socket is asked for by this machine's own names: http://127.0.0.1:PORT/ or localhost.");
    }

    private void CheckHost(string host)
    {
        if (!IsWithoutDot(host) && Address(host) is null && !IsOwn(host))
        {
            throw Misdirected(
                host, "The page is served at the hub's addresses, the name in its setting publicHost, and those in its certificate.");
        }
    }

    private bool IsOwn(string host) =>
        (publicHost() is { } own && new HostString(own).Host.Equals(host, StringComparison.OrdinalIgnoreCase))
        || (certificate()?.MatchesHostname(host) ?? false);

    private static bool IsWithoutDot(string host) =>
        !host.Contains('.', StringComparison.Ordinal) && !host.Contains(':', StringComparison.Ordinal);

    private static IPAddress? Address(string host) => IPAddress.TryParse(host.Trim('[', ']'), out var address) ? address : null;

    // Browsers name the origin of whatever is not a plain GET; other programs don't.
    private static void CheckOrigin(HttpRequest request)
    {
        if (HttpMethods.IsGet(request.Method) || request.Headers.Origin.FirstOrDefault() is not { } origin)
            return;
        if (!Uri.TryCreate(origin, UriKind.Absolute, out var site) || !site.Authority.Equals(
            request.Host.Value, StringComparison.OrdinalIgnoreCase))
        {
            throw new ProblemException(new Problem
            {
                Status = StatusCodes.Status403Forbidden,
                Detail = "This request comes from a page of another site, and those may not use the hub.",
            });
        }
    }

    private static ProblemException Misdirected(string host, string detail) => new(new Problem
    {
        Status = StatusCodes.Status421MisdirectedRequest,
        Detail = $"\"{(host.Length > 60 ? host[..60] + "…" : host)}\" is not a name of this hub. {detail}",
    });
}
