using System.Net.Sockets;
using System.Runtime.CompilerServices;

namespace Tunnel.Shared.Sockets;

/// <summary>
/// A connected socket on an <see cref="EventLoop"/>, which watches the socket from the first wait on. This object owns the socket. Only one
/// thread may read at a time, and only one may write.
/// </summary>
internal sealed class LoopSocket : LoopEntry, IDisposable
{
    private const uint Reads = Epoll.In | Epoll.Priority | Epoll.PeerClosed | Epoll.EdgeTriggered;

    private readonly SafeSocketHandle _handle;
    private readonly Socket? _socket;
    private readonly ISocketOwner? _owner;
    private readonly Readiness _reading;
    private Readiness? _writing;
    private uint _watched;
    private bool _drained;
    private bool _filled;
    private volatile bool _urgent;
    private volatile bool _failed;

    /// <summary>Wraps a connected socket.</summary>
    /// <param name="socket">The socket; none of its asynchronous methods may ever be called, or the runtime's own loop would watch it
    /// too.</param>
    /// <param name="owner">Is told of events; null when <see cref="WaitReadableAsync"/> is awaited instead.</param>
    public LoopSocket(Socket socket, ISocketOwner? owner = null)
        : this(socket.SafeHandle, owner) => _socket = socket;

    /// <summary>Wraps a socket that is not connected yet.</summary>
    public LoopSocket(SafeSocketHandle handle, ISocketOwner? owner = null)
    {
        _handle = handle;
        _owner = owner;
        _reading = new Readiness(owner);
        Loop = EventLoops.Next();
    }

    /// <summary>The loop that watches the socket and on whose thread its events are handled.</summary>
    public EventLoop Loop { get; }

    /// <summary>
    /// True when continuations of waits for bytes run on the thread pool and not on the loop's thread, because they may take long.
    /// </summary>
    public bool UsesPool
    {
        get => _reading.UsesPool;
        set => _reading.UsesPool = value;
    }

    /// <summary>
    /// True when the last receive gave less than was asked for and nothing has come since. Then there is nothing to receive, and no system
    /// call is needed to find that out.
    /// </summary>
    public bool IsDrained => _drained && !_reading.IsReady;

    /// <summary>
    /// Receives without waiting. Returns the number of bytes, 0 at the end of the stream, <see cref="NativeSocket.WouldBlock"/> or
    /// <see cref="NativeSocket.Failed"/>.
    /// </summary>
    public int Receive(Span<byte> buffer)
    {
        if (_failed)
            return NativeSocket.Failed;
        if (IsDrained)
            return NativeSocket.WouldBlock;
        _reading.Clear();
        try
        {
            var count = NativeSocket.Receive(_handle, buffer);
            _filled = count == buffer.Length;

            // An unwatched socket has no events, and urgent data ends a receive early with more data behind it.
            _drained = _watched != 0 && !_urgent && count != 0 && count < buffer.Length;
            return count;
        }
        catch (ObjectDisposedException)
        {
            return NativeSocket.Failed;
        }
    }

    /// <summary>Asks for one <see cref="ISocketOwner.OnReadable"/> when there is something to receive.</summary>
    /// <returns>True when there may be something already; then the call does not come.</returns>
    public bool AwaitReadable()
    {
        // What a full buffer has left behind had its event already.
        if (_filled || (_urgent && HasMore()))
            return true;
        if (_reading.TryAwait())
            return true;
        Watch(Reads);
        return false;
    }

    /// <summary>Completes when there may be something to receive, or when nothing more will come.</summary>
    public ValueTask WaitReadableAsync(CancellationToken cancellationToken)
    {
        var waiting = _reading.WaitAsync(cancellationToken);
        if (!waiting.IsCompleted)
            Watch(Reads);
        return waiting;
    }

    /// <summary>Makes sure that <see cref="ISocketOwner.OnError"/> is called even while nobody reads.</summary>
    public void WatchErrors() => Watch(Reads);

    /// <summary>
    /// Sends as much as possible without waiting. Returns the number of bytes, <see cref="NativeSocket.WouldBlock"/> or
    /// <see cref="NativeSocket.Failed"/>.
    /// </summary>
    public int Send(ReadOnlySpan<byte> data)
    {
        if (_failed)
            return NativeSocket.Failed;
        try
        {
            return NativeSocket.Send(_handle, data);
        }
        catch (ObjectDisposedException)
        {
            return NativeSocket.Failed;
        }
    }

    /// <summary>Sends all of <paramref name="data"/>, waiting for room where needed.</summary>
    /// <returns>False when the connection is gone.</returns>
    public ValueTask<bool> SendAllAsync(ReadOnlyMemory<byte> data)
    {
        var sent = Send(data.Span);
        if (sent == data.Length)
            return new ValueTask<bool>(true);
        return sent == NativeSocket.Failed ? new ValueTask<bool>(false) : SendRestAsync(data[Math.Max(sent, 0)..]);
    }

    /// <summary>Completes when there may be room to send, or when nothing can be sent any more.</summary>
    public ValueTask WaitWritableAsync(CancellationToken cancellationToken = default)
    {
        var writing = Writing();
        var waiting = writing.WaitAsync(cancellationToken);
        if (!waiting.IsCompleted)
            Watch(Reads | Epoll.Out);
        return waiting;
    }

    /// <summary>Stops watching; the socket stays open.</summary>
    public void Detach()
    {
        if (_watched != 0)
            Loop.Remove(this, _handle);
    }

    /// <summary>Closes the socket and completes all waits.</summary>
    public void Dispose()
    {
        if (_socket is not null)
            _socket.Dispose();
        else
            _handle.Dispose();
        Abandon();
    }

    /// <summary>Stops watching and completes all waits, after the socket was closed by other code.</summary>
    public void Abandon()
    {
        _failed = true;
        if (_watched != 0)
            Loop.Forget(this);
        _reading.Signal(isFinal: true);
        Volatile.Read(ref _writing)?.Signal(isFinal: true);
    }

    internal override void OnEvents(uint events)
    {
        if ((events & Epoll.Priority) != 0)
            _urgent = true;
        var over = (events & (Epoll.Error | Epoll.HangUp)) != 0;
        if (over || (events & Epoll.Out) != 0)
            Volatile.Read(ref _writing)?.Signal(over);
        if (over || (events & (Epoll.In | Epoll.PeerClosed | Epoll.Priority)) != 0)
            _reading.Signal(over || (events & Epoll.PeerClosed) != 0);
        if ((events & Epoll.Error) != 0)
            _owner?.OnError();
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<bool> SendRestAsync(ReadOnlyMemory<byte> data)
    {
        while (true)
        {
            Writing().Clear();
            var sent = Send(data.Span);
            if (sent == data.Length)
                return true;
            if (sent == NativeSocket.Failed)
                return false;
            if (sent > 0)
                data = data[sent..];
            else
                await WaitWritableAsync();
        }
    }

    private bool HasMore()
    {
        try
        {
            return NativeSocket.Peek(_handle) != NativeSocket.WouldBlock;
        }
        catch (ObjectDisposedException)
        {
            return true;
        }
    }

    private Readiness Writing()
    {
        if (_writing is { } known)
            return known;
        Interlocked.CompareExchange(ref _writing, new Readiness(), null);
        return _writing;
    }

    // Call this after the wait was noted, because the kernel reports at once what is already there.
    private void Watch(uint events)
    {
        if ((Volatile.Read(ref _watched) & events) == events)
            return;
        lock (_reading)
        {
            if ((_watched & events) == events)
                return;
            var watched = _watched == 0 ? Loop.Add(this, _handle, events) : Loop.Modify(this, _handle, _watched | events);
            if (watched)
                Volatile.Write(ref _watched, _watched | events);
            else
                _failed = true;
        }

        // The kernel is out of memory or the socket is closed: every call fails from now on.
        if (_failed)
            Abandon();
    }
}
