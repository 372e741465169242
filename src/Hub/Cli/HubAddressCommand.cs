using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using Tunnel.Hub.Admin.Answers;
using Tunnel.Shared.Text;

namespace Tunnel.Hub.Cli;

/// <summary><c>tunnel-hub edge hub-address</c>: tells edges the hub's future address before it moves.</summary>
internal static class HubAddressCommand
{
    public static Command Create(CommonOptions options)
    {
        var address = new Argument<string?>("HOST[:PORT]")
        {
            Description = "Where the hub will be [default port: its tunnelPort]; "
            + "nothing: show what is announced",
            Arity = ArgumentArity.ZeroOrOne
        };
        var clear = new Option<bool>("--clear") { Description = "Stop telling edges; those that were told keep it" };
        var command = new Command(
            "hub-address", "Tell all edges where the hub will be: they try there when they find none where it was") { address, clear };
        return options.Remote(command).Does(options, async (context, cancellation) =>
        {
            var (asked, ends) = (context.Value(address), context.Value(clear));
            if (asked is not null && ends)
                throw CommandFailedException.Usage("HOST[:PORT] and --clear exclude each other; give one of them");
            var method = asked is not null ? HttpMethod.Put : ends ? HttpMethod.Delete : HttpMethod.Get;
            var body = asked is null ? null : new JsonObject { ["address"] = asked }.ToJsonString();
            await PrintAsync(context, await context.SendAsync(method, "api/v1/hub-address", body, cancellation));
        });
    }

    private static async Task PrintAsync(CommandContext context, string answer)
    {
        if (context.Json)
        {
            await context.Out.WriteLineAsync(answer);
            return;
        }

        var status = JsonSerializer.Deserialize(answer, AdminJson.Default.HubAddressStatus)!;
        await context.Out.WriteTextAsync(status.Address ?? "Nothing is announced.");
        if (status.EdgesNotTold.Length > 0)
        {
            await context.Error.WriteMessageAsync(
                $"Not confirmed yet by {string.Join(", ", status.EdgesNotTold)}: let each connect once before the hub moves.");
        }
    }
}
