using System.Collections.Concurrent;
using System.Threading.Channels;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport;

namespace Tunnel.Transport.ContractTests;

/// <summary>A hub's owner that does with each stream what the test says; by default nothing.</summary>
internal sealed class ScriptedHubHandler : IHubTunnelHandler
{
    private int _goAways;

    public Action<ITunnelStream>? OnStream { get; set; }

    public IDatagramSink? Sink { get; set; }

    public ConcurrentQueue<ITunnelStream> Streams { get; } = new();

    public Channel<ITunnelStream> Opened { get; } = Channel.CreateUnbounded<ITunnelStream>();

    public bool WatchesEdge { get; init; }

    /// <summary>Completes when the edge has introduced itself.</summary>
    public TaskCompletionSource Introduced { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public int GoAways => Volatile.Read(ref _goAways);

    public async Task<ITunnelStream> NextStreamAsync() => await Opened.Reader.ReadAsync().AsTask().WaitAsync(SocketHelpers.Hang);

    public void OnHello(ITunnel tunnel, Hello hello) => Introduced.TrySetResult();

    public void OnReport(ITunnel tunnel, Report report)
    {
    }

    public void OnGoAway(ITunnel tunnel, GoAway goAway) => Interlocked.Increment(ref _goAways);

    public void OnStreamOpened(ITunnel tunnel, ITunnelStream stream, in StreamOpening opening)
    {
        Streams.Enqueue(stream);
        OnStream?.Invoke(stream);
        Opened.Writer.TryWrite(stream);
    }

    public IDatagramSink? OnSessionOpened(ITunnel tunnel, ITunnelSession session, in StreamOpening opening) => Sink;
}

/// <summary>Notes how a stream ended.</summary>
internal sealed class EndNote(Action? then = null) : IStreamObserver
{
    private int _calls;

    public TaskCompletionSource<StreamEnd> End { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public int Calls => Volatile.Read(ref _calls);

    public void OnStreamClosed(ITunnelStream stream, in StreamEnd end)
    {
        Interlocked.Increment(ref _calls);
        End.TrySetResult(end);
        then?.Invoke();
    }
}

/// <summary>A sink that swallows datagrams.</summary>
internal sealed class NullSink : IDatagramSink
{
    public TaskCompletionSource Closed { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public void OnDatagram(ReadOnlySpan<byte> payload)
    {
    }

    public void OnSessionClosed() => Closed.TrySetResult();
}
