using System.Text.Json;
using Tunnel.Edge.Status;
using Tunnel.Shared.Hosting;

namespace Tunnel.Edge.Top;

/// <summary>
/// What the dashboard knows of the edge, by its admin socket alone; rates and events come of what changes between two answers.
/// </summary>
/// <param name="ask">Asks the edge for its status.</param>
/// <param name="time">The clock.</param>
internal sealed class TopData(Func<CancellationToken, Task<AdminResponse>> ask, TimeProvider time)
{
    private const int LookBack = 120;
    private const int Events = 100;

    private readonly Queue<long> _in = new();
    private readonly Queue<long> _out = new();
    private readonly LinkedList<string> _events = [];
    private long _at;

    /// <summary>The edge's last status; null before the first.</summary>
    public EdgeStatus? Status { get; private set; }

    /// <summary>Why the last question was not answered; null when it was.</summary>
    public string? Fault { get; private set; }

    /// <summary>The last answer as it came, for <c>--json</c>.</summary>
    public string Raw { get; private set; } = "null";

    /// <summary>Bytes a second from clients, the oldest first.</summary>
    public IReadOnlyList<long> In => [.. _in];

    /// <summary>Bytes a second to clients, the oldest first.</summary>
    public IReadOnlyList<long> Out => [.. _out];

    /// <summary>What has happened since the dashboard was started, the newest first.</summary>
    public IReadOnlyCollection<string> LastEvents => _events;

    /// <summary>Asks the edge.</summary>
    public async Task RefreshAsync(CancellationToken cancellationToken)
    {
        try
        {
            var answer = await ask(cancellationToken);
            if (!answer.IsSuccess)
                throw new OperatorException(string.Join('\n', answer.Errors()));
            Take(answer.Body);
            Fault = null;
        }
        catch (OperatorException error)
        {
            if (Fault is null && Status is not null)
                Note("the edge does not answer");
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
            foreach (var line in EdgeChanges.Between(before, now))
                Note(line);
        }

        (_at, Status, Raw) = (time.GetTimestamp(), now, body);
    }

    private static void Keep(Queue<long> values, long value)
    {
        values.Enqueue(value);
        if (values.Count > LookBack)
            values.Dequeue();
    }

    private void Note(string line)
    {
        _events.AddFirst($"{time.GetLocalNow():HH:mm:ss} {line}");
        if (_events.Count > Events)
            _events.RemoveLast();
    }
}
