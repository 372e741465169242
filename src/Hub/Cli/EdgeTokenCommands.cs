using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using Tunnel.Shared.Text;

namespace Tunnel.Hub.Cli;

/// <summary>
/// <c>tunnel-hub edge token</c> and <c>rotate-secret</c>: make the token with which an edge authenticates. The token is alone on standard
/// output.
/// </summary>
internal static class EdgeTokenCommands
{
    public static Command Token(CommonOptions options) => Create(
        options, "token", "token",
        "Print a connection token with a fresh secret (older ones stay valid for --grace), or with a given valid one");

    public static Command RotateSecret(CommonOptions options) => Create(
        options,
        "rotate-secret",
        "rotate-secret",
        "Give an edge another secret, made or your own, and print its token; older ones stay valid for --grace. With --push a connected "
            + "edge gets it over its tunnel and no token is needed",
        new Option<bool>("--push")
        {
            Description = "Give it to the connected edge over its tunnel; older ones stay valid until the edge "
            + "has kept it, and then for --grace"
        });

    public static async Task PrintTokenAsync(CommandContext context, string token)
    {
        var line = context.Json ? new JsonObject { ["id"] = context.Id, ["token"] = token }.ToJsonString(PlainJson.OfNodes) : token;
        await context.Out.WriteLineAsync(line);
    }

    private static Command Create(CommonOptions options, string name, string path, string description, Option<bool>? push = null)
    {
        var command = new Command(name, description)
        {
            options.Id, options.Host, options.Transport, options.Secret, options.SecretFile, options.Grace,
        };
        if (push is not null)
            command.Options.Add(push);
        return options.Remote(command).Does(options, async (context, cancellation) =>
        {
            var body = new JsonObject();
            if (context.Value(options.Host) is { } host)
                body["host"] = host;
            if (context.Value(options.Transport) is { } transport)
                body["transport"] = transport;
            if (context.Secret() is { } secret)
                body["secret"] = secret;
            if (context.Value(options.Grace) is { } grace)
                body["graceSeconds"] = (long)grace.TotalSeconds;
            if (push is not null && context.Value(push))
            {
                if (body.ContainsKey("host") || body.ContainsKey("transport"))
                    throw CommandFailedException.Usage("--push prints no token, so that --host and --transport do nothing with it");
                var pushed = await context.SendAsync(HttpMethod.Post, $"{context.EdgePath}/push-secret", body.ToJsonString(), cancellation);
                await context.Out.WriteLineAsync(context.Json ? pushed : $"Edge {context.Id} has kept its new secret.");
                return;
            }

            using var answer = JsonDocument.Parse(
                await context.SendAsync(HttpMethod.Post, $"{context.EdgePath}/{path}", body.ToJsonString(), cancellation));
            await PrintTokenAsync(context, answer.RootElement.GetProperty("token").GetString()!);
        });
    }
}
