using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Tunnel.Hub.Admin.Answers;
using Tunnel.Hub.Traffic;
using Tunnel.Shared.Text;

namespace Tunnel.Hub.Cli;

/// <summary><c>tunnel-hub streams</c> and <c>tunnel-hub connections</c>: show open streams and the log of connections.</summary>
internal sealed class TrafficCommands
{
    private readonly Option<string?> _edge = new("--edge") { Description = "Only of this edge", HelpName = "ID" };
    private readonly Option<string?> _port =
        new("--port") { Description = "Only of this listening port: 443, tcp/443 or udp/53", HelpName = "PORT" };
    private readonly Option<string?> _address =
        new("--address") { Description = "Only of clients with this address, or in this CIDR", HelpName = "CIDR" };
    private readonly Option<int?> _limit =
        new("--limit") { Description = "How many to show at most, 1–1,000 [default: 100]", HelpName = "N" };
    private readonly Option<string?> _cursor =
        new("--cursor") { Description = "Go on where the last page ended (its last line names it)", HelpName = "CURSOR" };
    private readonly Option<string?> _action = new("--action") { Description = "Only these: allowed or blocked", HelpName = "ACTION" };
    private readonly Option<string?> _since = new("--since")
    {
        Description = "From then on: a length of time ago, such as 10m, 24h or 7d, or a time such as 2026-05-01T12:00:00Z",
        HelpName = "TIME"
    };
    private readonly Option<string?> _until =
        new("--until") { Description = "Up to then: a length of time ago, or a time", HelpName = "TIME" };
    private readonly Option<bool> _stats =
        new("--stats") { Description = "Counters by port instead: active and total connections, bytes, blocked, errors" };

    private TrafficCommands()
    {
    }

    public static Command CreateStreams(CommonOptions options)
    {
        var it = new TrafficCommands();
        var command =
            options.Remote(new Command("streams", "Show the TCP streams and UDP sessions that are open now, or the counters of each port")
        {
            it._stats, it._edge, it._port, it._address, it._limit, it._cursor,
        });
        return command.Does(options, (context, cancellation) =>
            context.Value(it._stats) ? it.ShowStatsAsync(context, cancellation) : it.ShowStreamsAsync(context, cancellation));
    }

    public static Command CreateConnections(CommonOptions options)
    {
        var it = new TrafficCommands();
        var command = options.Remote(new Command("connections", "Show the last connections of ports with logConnections, the newest first")
        {
            it._edge, it._port, it._address, it._action, it._since, it._until, it._limit, it._cursor,
        });
        return command.Does(options, it.ShowConnectionsAsync);
    }

    private async Task ShowStreamsAsync(CommandContext context, CancellationToken cancellationToken)
    {
        var json = await context.SendAsync(HttpMethod.Get, Path(context, "api/v1/streams"), null, cancellationToken);
        if (context.Json)
        {
            await context.Out.WriteLineAsync(json);
            return;
        }

        var answer = JsonSerializer.Deserialize(json, AdminJson.Default.StreamsAnswer)!;
        var table = new TextTable("EDGE", "PORT", "CLIENT", "TARGET", "SINCE", "IN", "OUT");
        foreach (var stream in answer.Streams)
        {
            table.Add(
                stream.EdgeId, $"{stream.Proto}/{stream.Port}", stream.Client
                    ?? "-", stream.Target, TimeText.Format(stream.Since), ByteText.Format(stream.BytesIn),
                ByteText.Format(stream.BytesOut));
        }

        await table.WriteAsync(context.Out, context.Terminal.Width);
        await context.WriteNextAsync(answer.Next);
    }

    private async Task ShowStatsAsync(CommandContext context, CancellationToken cancellationToken)
    {
        var path = ApiPath.Of("api/v1/streams/stats", ("edge", context.Value(_edge)));
        var json = await context.SendAsync(HttpMethod.Get, path, null, cancellationToken);
        if (context.Json)
        {
            await context.Out.WriteLineAsync(json);
            return;
        }

        var table = new TextTable("EDGE", "PORT", "NAME", "STATE", "ACTIVE", "TOTAL", "IN", "OUT", "BLOCKED", "ERRORS");
        foreach (var port in JsonSerializer.Deserialize(json, AdminJson.Default.StreamStatsAnswer)!.Ports)
        {
            table.Add(
                port.EdgeId, $"{port.Proto}/{port.Port}", port.Name ?? "-", port.Healthy ? "ok" : port.Listening ? "failing" : "down",
                Number(port.ActiveConnections), Number(port.TotalConnections), ByteText.Format(port.BytesIn),
                ByteText.Format(port.BytesOut),
                Counts(port.Blocked), Counts(port.Errors));
        }

        await table.WriteAsync(context.Out, context.Terminal.Width);
    }

    private async Task ShowConnectionsAsync(CommandContext context, CancellationToken cancellationToken)
    {
        var json = await context.SendAsync(HttpMethod.Get, Path(context, "api/v1/connections"), null, cancellationToken);
        if (context.Json)
        {
            await context.Out.WriteLineAsync(json);
            return;
        }

        var answer = JsonSerializer.Deserialize(json, AdminJson.Default.ConnectionsAnswer)!;
        if (answer.Connections.IsEmpty)
        {
            await context.Error.WriteTextAsync(await WhyNoneAsync(context, cancellationToken));
            return;
        }

        var table = new TextTable("TIME", "EDGE", "PORT", "CLIENT", "ACTION", "REASON", "TIMES", "SECONDS", "IN", "OUT");
        foreach (var record in answer.Connections)
        {
            table.Add(
                TimeText.Format(record.Time), record.EdgeId, $"{record.Proto}/{record.Port}", record.Client ?? "-",
                record.Action == ConnectionAction.Allowed ? "allowed" : "blocked", record.Reason, Number(record.Count),
                record.Duration.ToString("0.0", CultureInfo.InvariantCulture), ByteText.Format(record.BytesIn),
                ByteText.Format(record.BytesOut));
        }

        await table.WriteAsync(context.Out, context.Terminal.Width);
        await context.WriteNextAsync(answer.Next);
    }

    private string Path(CommandContext context, string path) => ApiPath.Of(
        path, ("edge", context.Value(_edge)), ("port", context.Value(_port)), ("address", context.Value(_address)),
        ("action", context.Value(_action)),
        ("since", Moment("--since", context.Value(_since))), ("until", Moment("--until", context.Value(_until))),
        ("limit", context.Value(_limit)?.ToString(CultureInfo.InvariantCulture)), ("cursor", context.Value(_cursor)));

    // A length of time is counted back from now; anything else is a time, which the hub reads.
    private static string? Moment(string option, string? text)
    {
        if (text is null || !text.All(char.IsAsciiLetterOrDigit) || !char.IsAsciiDigit(text.FirstOrDefault()))
            return text;
        return TimeText.TryParse(text, out var ago, out var error)
            ? (DateTimeOffset.UtcNow - ago).ToString("o", CultureInfo.InvariantCulture)
            : throw CommandFailedException.Usage($"{option} \"{text}\" {error}, or a time such as 2026-05-01T12:00:00Z");
    }

    // When nothing is ever logged, an empty list alone would tell the reader nothing.
    private static async Task<string> WhyNoneAsync(CommandContext context, CancellationToken cancellationToken)
    {
        var edges = EdgesAnswer.Read(await context.SendAsync(HttpMethod.Get, "api/v1/edges", null, cancellationToken));
        return edges.Any(edge => edge.Ports.Values.Any(policy => policy.LogConnections == true))
            ? "No connection matches; they are kept in memory, the last 10,000 since the hub's start, of the ports with logConnections."
            : "No port has logConnections, so nothing is logged. Switch it on for a port: tunnel-hub port set EDGE tcp/443 "
                + "--log-connections true";
    }

    private static string Counts(IReadOnlyDictionary<string, long> counts) =>
        counts.Count == 0 ? "-" : string.Join(", ", counts.Select(count => $"{count.Key} {Number(count.Value)}"));

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);
}
