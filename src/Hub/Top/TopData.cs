using System.Text.Json;
using Tunnel.Hub.Admin.Answers;
using Tunnel.Hub.Status;
using Tunnel.Hub.Traffic;
using Tunnel.Shared.Hosting;

namespace Tunnel.Hub.Top;

/// <summary>What the dashboard knows of the hub, by its API alone.</summary>
/// <param name="client">Reaches the hub.</param>
/// <param name="describe">Writes an event, which is JSON, as a line for people.</param>
internal sealed class TopData(AdminClient client, Func<string, string> describe)
{
    private const int Events = 200;
    private const int LookBack = 120;
    private const int MaxEdges = 50;

    // A status of thousands of edges is large: it is asked for less often, so that reading it takes a small part of a core.
    private const int CharactersPerSecond = 256 << 10;

    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly LinkedList<string> _events = [];
    private int _statusSize;
    private int _turn;

    /// <summary>The hub's last status; null before the first.</summary>
    public HubStatus? Status { get; private set; }

    /// <summary>What passed lately, second by second.</summary>
    public HistoryAnswer? Past { get; private set; }

    /// <summary>The ports of the edge that is looked at, or all that have been used.</summary>
    public IReadOnlyList<PortStatus> Ports { get; private set; } = [];

    /// <summary>The connections of the port that is looked at.</summary>
    public StreamsAnswer? Streams { get; private set; }

    /// <summary>Why the last question was not answered; null when it was.</summary>
    public string? Fault { get; private set; }

    /// <summary>The last answers as they came, for <c>--json</c>.</summary>
    public (string Status, string Past) Raw { get; private set; } = ("null", "null");

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
    /// <param name="edges">The edges whose history is wanted.</param>
    /// <param name="portsOf">The edge all of whose ports are wanted; null: those of all edges that have been used.</param>
    /// <param name="streams">The query for connections; null: none are wanted.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    public async Task RefreshAsync(
        IEnumerable<string> edges, string? portsOf, string? streams, CancellationToken cancellationToken)
    {
        try
        {
            if (_turn++ % Math.Clamp(_statusSize / CharactersPerSecond, 1, 10) == 0 || Status is null)
            {
                var status = await GetAsync("api/v1/status", cancellationToken);
                _statusSize = status.Length;
                Status = JsonSerializer.Deserialize(status, AdminJson.Default.HubStatus);
                Raw = (status, Raw.Past);
            }

            var named = string.Join(',', edges.Take(MaxEdges).Select(Uri.EscapeDataString));
            var past = await GetAsync($"api/v1/history?resolution=1&points={LookBack}&edge={named}", cancellationToken);
            Past = JsonSerializer.Deserialize(past, AdminJson.Default.HistoryAnswer);
            Raw = (Raw.Status, past);
            Ports = portsOf is null ? Status!.Ports : await PortsAsync(portsOf, cancellationToken);
            Streams = streams is null ? null : JsonSerializer.Deserialize(
                await GetAsync($"api/v1/streams?{streams}", cancellationToken), AdminJson.Default.StreamsAnswer);
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

    private async Task<IReadOnlyList<PortStatus>> PortsAsync(string edge, CancellationToken cancellationToken) =>
        JsonSerializer.Deserialize(
            await GetAsync($"api/v1/streams/stats?edge={Uri.EscapeDataString(edge)}", cancellationToken),
            AdminJson.Default.StreamStatsAnswer)!.Ports;

    private async Task<string> GetAsync(string path, CancellationToken cancellationToken)
    {
        var answer = await client.GetAsync(path, cancellationToken);
        return answer.IsSuccess ? answer.Body : throw new OperatorException(string.Join('\n', answer.Errors()));
    }
}
