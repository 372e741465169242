using System.Globalization;
using System.Text.Json;
using Tunnel.Edge.Status;
using Tunnel.Shared.Hosting;

namespace Tunnel.Edge.Top;

/// <summary>
/// Keeps what the dashboard knows of the edge, by its admin socket alone; rates come of what changes between two answers.
/// </summary>
/// <param name="ask">Asks the edge for what is at a path.</param>
/// <param name="time">The clock.</param>
internal sealed class TopData(Func<string, CancellationToken, Task<AdminResponse>> ask, TimeProvider time)
{
    private const int LookBack = 120;
    private const int Events = 100;

    private readonly Queue<long> _in = new();
    private readonly Queue<long> _out = new();
    private readonly LinkedList<string> _events = [];
    private long _at;
    private long _lastEvent;

    /// <summary>The edge's last status; null before the first.</summary>
    public EdgeStatus? Status { get; private set; }

    /// <summary>Why the last question was not answered; null when it was.</summary>
    public string? Fault { get; private set; }

    /// <summary>The last status as it came, and the events of the first answer, for <c>--json</c>.</summary>
    public (string Status, string Events) Raw { get; private set; } = ("null", "[]");

    /// <summary>Bytes a second from clients, the oldest first.</summary>
    public IReadOnlyList<long> In => [.. _in];

    /// <summary>Bytes a second to clients, the oldest first.</summary>
    public IReadOnlyList<long> Out => [.. _out];

    /// <summary>The events, also those from before the dashboard was started, the newest first.</summary>
    public IReadOnlyCollection<string> LastEvents => _events;

    /// <summary>Asks the edge.</summary>
    public async Task RefreshAsync(CancellationToken cancellationToken)
    {
        try
        {
            Take(await GetAsync("api/v1/status", cancellationToken));
            TakeEvents(await GetAsync($"api/v1/events?after={_lastEvent.ToString(CultureInfo.InvariantCulture)}", cancellationToken));
            Fault = null;
        }
        catch (OperatorException error)
        {
            if (Fault is null && Status is not null)
                Note(time.GetUtcNow(), "the edge does not answer");
            Fault = error.Message;
        }
    }

    private void Take(string body)
    {
        var (before, now) = (Status, JsonSerializer.Deserialize(body, EdgeJsonContext.Default.EdgeStatus)!);
        if (before is not null)
        {
            var seconds = Math.Max(0.1, time.GetElapsedTime(_at).TotalSeconds);
            Keep(_in, (long)(Math.Max(0, now.BytesIn - before.BytesIn) / seconds));
            Keep(_out, (long)(Math.Max(0, now.BytesOut - before.BytesOut) / seconds));
        }

        (_at, Status, Raw) = (time.GetTimestamp(), now, (body, Raw.Events));
    }

    private void TakeEvents(string body)
    {
        if (_lastEvent == 0)
            Raw = (Raw.Status, body);
        foreach (var line in JsonSerializer.Deserialize(body, EdgeJsonContext.Default.EdgeEventLineArray)!)
        {
            _lastEvent = line.Id;
            Note(line.Time, line.Text);
        }
    }

    private async Task<string> GetAsync(string path, CancellationToken cancellationToken)
    {
        var answer = await ask(path, cancellationToken);
        return answer.IsSuccess ? answer.Body : throw new OperatorException(string.Join('\n', answer.Errors()));
    }

    private static void Keep(Queue<long> values, long value)
    {
        values.Enqueue(value);
        if (values.Count > LookBack)
            values.Dequeue();
    }

    private void Note(DateTimeOffset at, string line)
    {
        _events.AddFirst($"{TimeZoneInfo.ConvertTime(at, time.LocalTimeZone):HH:mm:ss} {line}");
        if (_events.Count > Events)
            _events.RemoveLast();
    }
}
