using System.CommandLine;
using System.Text.Json;

namespace Tunnel.Hub.Cli;

/// <summary><c>tunnel-hub admin-key</c>: prints the key of the API over the network, alone on standard output.</summary>
internal static class AdminKeyCommand
{
    public static Command Create(CommonOptions options)
    {
        var rotate = new Option<bool>("--rotate") { Description = "Make another key; the old one ends at once" };
        var readOnly = new Option<bool>("--read-only") { Description = "The key that may look and not change, for Prometheus and pages" };
        var command = new Command(
            "admin-key",
            "Print the key for the admin API over the network (keep it safe: without --read-only it may do everything)") { readOnly,
            rotate };
        return options.Remote(command).Does(options, async (context, cancellation) =>
        {
            var which = context.Value(readOnly) ? "?readOnly=true" : "";
            var answer = context.Value(rotate)
                ? await context.SendAsync(HttpMethod.Post, $"api/v1/admin-key/rotate{which}", null, cancellation)
                : await context.SendAsync(HttpMethod.Get, $"api/v1/admin-key{which}", null, cancellation);
            using var json = JsonDocument.Parse(answer);
            await context.Out.WriteLineAsync(context.Json ? answer : json.RootElement.GetProperty("key").GetString());
        });
    }
}
