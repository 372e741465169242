using System.CommandLine;
using System.Text.Json.Nodes;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Shared.Configuration;
using Tunnel.Shared.Protocol.Tokens;
using Tunnel.Shared.Text;

namespace Tunnel.Hub.Cli;

/// <summary><c>tunnel-hub token decode TOKEN</c>: shows the content of a token; needs no running hub.</summary>
internal static class TokenCommands
{
    public static Command Create(CommonOptions options)
    {
        var token = new Argument<string>("TOKEN") { Description = "A connection token" };
        var showSecret = new Option<bool>("--show-secret") { Description = "Print the secret too" };
        var decode = new Command("decode", "Show what a connection token says; its secret is masked") { token, showSecret, options.Json };
        decode.Does(options, async (context, _) =>
        {
            if (!ConnectionToken.TryDecode(context.Value(token), out var decoded, out var error))
                throw CommandFailedException.Usage($"The token is not valid: {error}");
            var secret = context.Value(showSecret) ? decoded.Secret : ConfigurationError.Masked;
            if (context.Json)
                await context.Out.WriteLineAsync(ToJson(decoded, secret));
            else
                await context.Out.WriteMessageAsync(ToText(decoded, secret));
        });
        return new Command("token", "Work with connection tokens") { decode };
    }

    // Pins are left out where they are the first hub's.
    private static string ToText(HubAddress hub) => string.Join('#', hub.Pins.Prepend(hub.ToString()));

    private static string ToJson(ConnectionToken token, string secret) => new JsonObject
    {
        ["host"] = token.Host,
        ["port"] = token.Port,
        ["id"] = token.EdgeId,
        ["secret"] = secret,
        ["pins"] = new JsonArray([.. token.Pins.Select(pin => JsonValue.Create(pin))]),
        ["hubs"] = new JsonArray([.. token.FurtherHubs.Select(hub => JsonValue.Create(ToText(hub)))]),
        ["transport"] = token.Transport?.Word(),
        ["dial"] = token.HubDials ? DialTarget.ByHub : DialTarget.ByEdge,
    }.ToJsonString(PlainJson.OfNodes);

    private static string ToText(ConnectionToken token, string secret) => string.Join('\n',
        $"host:   {token.Host}",
        $"port:   {token.Port}",
        $"id:     {token.EdgeId}",
        $"secret: {secret}",
        $"pins:   {(token.Pins.IsEmpty ? "none (the system's trust store decides)" : string.Join(", ", token.Pins))}",
        $"hubs:   {(token.FurtherHubs.IsEmpty ? "no other" : string.Join(", ", token.FurtherHubs.Select(ToText)))}",
        $"dials:  {(token.HubDials ? "the hub; host and port are the edge's own" : "the edge")}",
        $"over:   {token.Transport?.Word() ?? "what the edge is set to"}");
}
