using System.Threading.Channels;
using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Hub.Events;

namespace Tunnel.Hub.UnitTests.Fakes;

/// <summary>A running event queue whose events a test can wait for.</summary>
internal sealed class EventLog
{
    private readonly Channel<HubEvent> _raised = Channel.CreateUnbounded<HubEvent>();

    public EventLog()
    {
        Queue = new HubEventFeed(raised => _raised.Writer.TryWrite(raised), TimeProvider.System, NullLogger.Instance);
        _ = Task.Run(Queue.RunAsync);
    }

    public HubEventFeed Queue { get; }

    /// <summary>Returns the next event of a type; others before it are skipped.</summary>
    public async Task<TEvent> NextAsync<TEvent>()
        where TEvent : HubEvent
    {
        using var limit = new CancellationTokenSource(Patience.Limit);
        while (true)
        {
            if (await _raised.Reader.ReadAsync(limit.Token) is TEvent found)
                return found;
        }
    }
}
