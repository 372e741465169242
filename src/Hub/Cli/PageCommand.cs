using System.CommandLine;
using System.Text.Json;
using Tunnel.Hub.Admin.Answers;

namespace Tunnel.Hub.Cli;

/// <summary><c>tunnel-hub page</c>: prints how to open the web page, with a link that logs in once.</summary>
internal static class PageCommand
{
    public static Command Create(CommonOptions options)
    {
        var readOnly = new Option<bool>("--read-only") { Description = "A link with which one may look and not change" };
        var command = new Command("page", "Print how to open the web page: a link that logs in once within a minute, and the way by ssh")
        {
            readOnly, options.AdminSocket, options.Json,
        };
        return command.Does(options, async (context, cancellation) =>
        {
            var answer = await context.SendAsync(
                HttpMethod.Post, $"api/v1/login-link?readOnly={(context.Value(readOnly) ? "true" : "false")}", null, cancellation);
            if (context.Json)
            {
                await context.Out.WriteLineAsync(answer);
            }
            else
            {
                await context.Out.WriteAsync(
                    Describe(
                        JsonSerializer.Deserialize(answer, AdminJson.Default.LoginLink)!, context.AdminSocketPath(),
                        Environment.MachineName));
            }
        });
    }

    /// <summary>Says where the page is.</summary>
    internal static string Describe(LoginLink link, string socketPath, string machine)
    {
        var network = link.Addresses.IsEmpty
            ? "Over the network the page is not served: adminListen and adminOnTunnelPort are not set.\n"
            : $"Open this within {link.Seconds} s; it logs in once:\n"
                + string.Concat(link.Addresses.Select(address => $"  {address}#login={link.Code}\n"))
                + (link.Addresses.Any(address => address.StartsWith("https:", StringComparison.Ordinal))
                    ? "The browser warns of a certificate that the hub has made for itself.\n"
                    : "");
        return $"""
            {network}
            From your own machine, with no port open and no key:
              ssh -L 8080:{Path.GetFullPath(socketPath)} {machine}
            and then http://127.0.0.1:8080/ there. Whoever may open the socket here may administer: log in as root, or as a member of
            its group.

            """;
    }
}
