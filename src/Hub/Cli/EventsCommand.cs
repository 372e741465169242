using System.CommandLine;
using System.Net.ServerSentEvents;
using System.Text;
using System.Text.Json;
using Tunnel.Hub.Events;
using Tunnel.Shared.Hosting;
using Tunnel.Shared.Operator;
using Tunnel.Shared.Text;

namespace Tunnel.Hub.Cli;

/// <summary><c>tunnel-hub events</c>: shows events until it is interrupted; it connects again to a hub that is restarted.</summary>
internal static class EventsCommand
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);

    public static Command Create(CommonOptions options)
    {
        var types = new Option<string?>("--types")
        {
            Description = $"Only these, separated by commas: {string.Join(", ", HubEventTypes.All)} [default: all but those of streams]",
            HelpName = "LIST",
        };
        var command = options.Remote(new Command("events", "Show what happens at the running hub, until interrupted") { types });
        return command.Does(options, (context, cancellation) => FollowAsync(context, context.Value(types), cancellation));
    }

    private static async Task FollowAsync(CommandContext context, string? types, CancellationToken cancellationToken)
    {
        var path = types is null ? "api/v1/events" : $"api/v1/events?types={Uri.EscapeDataString(types)}";
        string? lastId = null;
        var wasConnected = false;
        while (true)
        {
            using var client = context.Client();
            try
            {
                var end = await client.ReadEventsAsync(path, lastId, PrintAsync, cancellationToken);
                if (!end.IsSuccess)
                    throw CommandContext.Refused(end, path);
                wasConnected = true;
                await context.Error.WriteLineAsync("The hub has ended the connection; connecting again.");
            }
            catch (OperatorException) when (wasConnected)
            {
                // The hub is being restarted.
            }

            await Task.Delay(RetryDelay, cancellationToken);
        }

        async Task PrintAsync(SseItem<string> item)
        {
            lastId = item.EventId ?? lastId;
            await context.Out.WriteLineAsync(context.Json ? item.Data : Describe(item.Data));
            await context.Out.FlushAsync(cancellationToken);
        }
    }

    internal static string Describe(string json)
    {
        using var document = JsonDocument.Parse(json);
        var line = new StringBuilder();
        foreach (var member in document.RootElement.EnumerateObject())
        {
            switch (member.Name)
            {
                case "type":
                    break;
                case "time":
                    line.Insert(
                        0,
                        $"{member.Value.GetDateTimeOffset():yyyy-MM-ddTHH:mm:ss.fffZ} "
                        + $"{document.RootElement.GetProperty("type").GetString()}");
                    break;
                case var _ when member.Value is { ValueKind: JsonValueKind.Array } && member.Value.GetArrayLength() == 0:
                    break;
                default:
                    line.Append(' ').Append(member.Name).Append('=').Append(Describe(member.Value));
                    break;
            }
        }

        return TerminalText.Escape(line.ToString());
    }

    // Shows ports as a list, a reason in its own words, and anything else as it is.
    private static string Describe(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Array when value.EnumerateArray().All(item => item.ValueKind == JsonValueKind.Number) =>
            PortList.Format(value.EnumerateArray().Select(item => item.GetInt32())),
        JsonValueKind.Array => string.Join("; ", value.EnumerateArray().Select(Describe)),
        JsonValueKind.Object when value.TryGetProperty("proto", out var proto) =>
            $"{proto}/{value.GetProperty("port")}{(value.TryGetProperty("to", out var to) ? $"-{to}" : "")} ({value.GetProperty("error")})",
        JsonValueKind.Object when value.TryGetProperty("kind", out var kind) =>
            value.TryGetProperty("detail", out var detail) ? $"{kind} ({detail})" : kind.ToString(),
        _ => value.ToString(),
    };
}
