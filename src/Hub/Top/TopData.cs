using System.Text.Json;
using Tunnel.Hub.Admin.Answers;
using Tunnel.Hub.Traffic;
using Tunnel.Shared.Hosting;

namespace Tunnel.Hub.Top;

/// <summary>Says what a dashboard wants to know beside the overview.</summary>
internal sealed record TopQuestion
{
    /// <summary>The text that the names of the edges contain; empty: all edges.</summary>
    public string Search { get; init; } = "";

    /// <summary>The order of the edges, and whether the highest comes first.</summary>
    public (string By, bool Descending) Sort { get; init; } = ("state", false);

    /// <summary>The edges whose history is wanted.</summary>
    public IEnumerable<string> Past { get; init; } = [];

    /// <summary>Whether ports are wanted.</summary>
    public bool Ports { get; init; }

    /// <summary>The edge all of whose ports are wanted; null: those of all edges that have been used.</summary>
    public string? PortsOf { get; init; }

    /// <summary>The query for connections; null: none are wanted.</summary>
    public string? Streams { get; init; }
}

/// <summary>Keeps what the dashboard knows of the hub, by its API alone.</summary>
/// <param name="client">Reaches the hub.</param>
/// <param name="describe">Writes an event, which is JSON, as a line for people.</param>
internal sealed class TopData(AdminClient client, Func<string, string> describe)
{
    private const int Events = 200;
    private const int LookBack = 120;
    private const int MaxPast = 50;

    // This is as much as somebody scrolls through; an operator who looks for one of more edges or ports finds it by the filter or an order.
    private const int MaxEdges = 500;
    private const int MaxPorts = 500;

    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly LinkedList<string> _events = [];

    /// <summary>The hub's last overview, with the first edges in the order that is wanted; null before the first.</summary>
    public OverviewAnswer? Overview { get; private set; }

    /// <summary>The traffic of the last seconds, second by second.</summary>
    public HistoryAnswer? Past { get; private set; }

    /// <summary>The ports of the edge that is looked at, or those of all that have been used; the first of many.</summary>
    public IReadOnlyList<PortStatus> Ports { get; private set; } = [];

    /// <summary>The connections of the port that is looked at.</summary>
    public StreamsAnswer? Streams { get; private set; }

    /// <summary>Why the last question was not answered; null when it was.</summary>
    public string? Fault { get; private set; }

    /// <summary>The last events, the newest first.</summary>
    public IReadOnlyList<string> LastEvents
    {
        get
        {
            lock (_lock)
                return [.. _events];
        }
    }

    /// <summary>Asks the hub.</summary>
    public async Task RefreshAsync(TopQuestion question, CancellationToken cancellationToken)
    {
        try
        {
            var (by, descending) = question.Sort;
            Overview = JsonSerializer.Deserialize(
                await GetAsync(
                    $"api/v1/overview?limit={MaxEdges}&sort={by}&descending={(descending ? "true" : "false")}"
                        + $"&search={Uri.EscapeDataString(question.Search)}",
                    cancellationToken),
                AdminJson.Default.OverviewAnswer);
            Past = JsonSerializer.Deserialize(await GetAsync(PastPath(question.Past), cancellationToken), AdminJson.Default.HistoryAnswer);
            if (question.Ports)
                Ports = await PortsAsync(question.PortsOf, cancellationToken);
            Streams = question.Streams is { } streams
                ? JsonSerializer.Deserialize(
                    await GetAsync($"api/v1/streams?{streams}", cancellationToken), AdminJson.Default.StreamsAnswer)
                : null;
            Fault = null;
        }
        catch (OperatorException error)
        {
            Fault = error.Message;
        }
        catch (JsonException)
        {
            Fault = "The hub's answer has another form than this version of tunnel-hub knows: use the hub's own version.";
        }
    }

    /// <summary>Returns the whole status and the history, as they come: <c>--json</c>.</summary>
    public async Task<(string Status, string Past)> ReadAllAsync(CancellationToken cancellationToken) => (
        await GetAsync("api/v1/status", cancellationToken),
        await GetAsync(PastPath((Overview?.Edges ?? []).Where(edge => edge.Connected).Select(edge => edge.EdgeId)), cancellationToken)
    );

    /// <summary>Follows the hub's events, over its restarts, until it is cancelled.</summary>
    public async Task FollowAsync(CancellationToken cancellationToken)
    {
        // No event has this id, so the hub begins with all that it keeps.
        var lastId = "0";
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await client.ReadEventsAsync("api/v1/events", lastId, item =>
                {
                    lastId = item.EventId ?? lastId;
                    Add(describe(item.Data));
                    return Task.CompletedTask;
                }, cancellationToken);
            }
            catch (OperatorException)
            {
                // The refresh says that the hub is away.
            }

            await Task.Delay(RetryDelay, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private void Add(string line)
    {
        lock (_lock)
        {
            _events.AddFirst(line);
            if (_events.Count > Events)
                _events.RemoveLast();
        }
    }

    private static string PastPath(IEnumerable<string> edges) =>
        $"api/v1/history?resolution=1&points={LookBack}&edge={string.Join(',', edges.Take(MaxPast).Select(Uri.EscapeDataString))}";

    private async Task<IReadOnlyList<PortStatus>> PortsAsync(string? edge, CancellationToken cancellationToken) =>
        JsonSerializer.Deserialize(
            await GetAsync(
                $"api/v1/streams/stats?limit={MaxPorts}&{(edge is null ? "used=true" : $"edge={Uri.EscapeDataString(edge)}")}",
                cancellationToken),
            AdminJson.Default.StreamStatsAnswer)!.Ports;

    private async Task<string> GetAsync(string path, CancellationToken cancellationToken)
    {
        var answer = await client.GetAsync(path, cancellationToken);
        return answer.IsSuccess ? answer.Body : throw new OperatorException(string.Join('\n', answer.Errors()));
    }
}
