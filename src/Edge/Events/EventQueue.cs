using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace Tunnel.Edge.Events;

/// <summary>
/// Calls the subscribers of .NET events one event at a time on the thread pool. What they do can't hold up or break the I/O threads; when they are
/// too slow, events are dropped and counted.
/// </summary>
internal sealed class EventQueue : IAsyncDisposable
{
    private const int Capacity = 1024;

    private readonly Channel<Action> _queue = Channel.CreateBounded<Action>(new BoundedChannelOptions(Capacity) { SingleReader = true });
    private readonly ILogger _logger;
    private readonly Task _consumer;
    private long _dropped;

    public EventQueue(ILogger logger)
    {
        _logger = logger;
        _consumer = Task.Run(ConsumeAsync);
    }

    /// <summary>Events that no subscriber saw because the queue was full.</summary>
    public long Dropped => Interlocked.Read(ref _dropped);

    /// <summary>Calls <paramref name="handler"/>, if there is one, soon.</summary>
    public void Raise<TEvent>(EventHandler<TEvent>? handler, object sender, TEvent args)
    {
        if (handler is not null && !_queue.Writer.TryWrite(() => handler(sender, args)))
            Interlocked.Increment(ref _dropped);
    }

    /// <summary>Calls what is queued, then ends.</summary>
    public async ValueTask DisposeAsync()
    {
        _queue.Writer.TryComplete();
        await _consumer;
    }

    private async Task ConsumeAsync()
    {
        await foreach (Action raise in _queue.Reader.ReadAllAsync())
        {
            try
            {
                raise();
            }
            catch (Exception e)
            {
                _logger.SubscriberFaulted(e);
            }
        }
    }
}
