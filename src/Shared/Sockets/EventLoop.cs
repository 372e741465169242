using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Tunnel.Shared.Guarding;

namespace Tunnel.Shared.Sockets;

/// <summary>
/// One thread that waits for many sockets and runs their work itself, without handing it over to another thread. The runtime's own loop is
/// not used for three reasons: its events wake a thread for each segment that comes to a socket which another thread is just reading; it
/// looks at a socket three times for one request; and it can't tell when everything that came at once has been seen, which is the moment to
/// send the resulting data in one write. Work on this loop must not block and must not run long: <see cref="Yield"/> lets others have their
/// turn at the price of one system call. In each round, work that yielded goes on after the new events, for as long as those took and at
/// least one piece of it. So a keystroke that comes to a socket waits for one turn of bulk data, and not for one turn of each socket that
/// moves bulk data.
/// </summary>
internal sealed class EventLoop
{
    private const int MaxEvents = 256;
    private const ulong WakeToken = ulong.MaxValue;
    private const string Work = "the work of an event loop";

    [ThreadStatic]
    private static EventLoop? _current;

    private readonly SafeFileHandle _epoll = Epoll.Create();
    private readonly SafeFileHandle _wake = Epoll.CreateEvent();
    private readonly Lock _lock = new();
    private readonly Stack<int> _free = new();
    private readonly Queue<Action> _yielded = new();
    private LoopEntry?[] _sockets = new LoopEntry?[64];
    private int _used;
    private uint _generation;
    private List<Action> _posted = [];
    private List<Action> _running = [];
    private bool _wakeSent;

    private EventLoop() => Turns = new TurnQueue(this);

    /// <summary>The loop that runs on the calling thread; null on other threads.</summary>
    public static EventLoop? Current => _current;

    /// <summary>Creates a loop and starts its thread, which ends with the process.</summary>
    public static EventLoop Start(string name)
    {
        var loop = new EventLoop();
        if (!Epoll.Control(loop._epoll, Epoll.Add, loop._wake, Epoll.In, WakeToken))
            throw new IOException($"epoll refuses its wake-up: error {Marshal.GetLastPInvokeError()}.");
        new Thread(loop.Run) { Name = name, IsBackground = true }.Start();
        return loop;
    }

    /// <summary>
    /// The number of rounds so far; a round is one wait for events and all the work that follows. Only for the loop's own thread.
    /// </summary>
    public long Round { get; private set; }

    /// <summary>Work that is done a few pieces per round.</summary>
    public TurnQueue Turns { get; }

    /// <summary>True when the calling thread is this loop's.</summary>
    public bool IsCurrent => _current == this;

    /// <summary>Runs <paramref name="action"/> on the loop's thread after the events of the present round.</summary>
    public void Post(Action action)
    {
        lock (_lock)
            _posted.Add(action);
        Wake();
    }

    /// <summary>Awaited, continues on the loop's thread after other sockets have had their turn.</summary>
    public YieldAwaitable Yield() => new(this);

    /// <summary>Starts watching a socket.</summary>
    /// <returns>False when the kernel refuses, or the socket is closed.</returns>
    public bool Add(LoopEntry socket, SafeHandle descriptor, uint events)
    {
        lock (_lock)
        {
            if (!_free.TryPop(out var slot))
                slot = _used++;
            if (slot == _sockets.Length)
            {
                var larger = new LoopEntry?[slot * 2];
                _sockets.CopyTo(larger, 0);
                Volatile.Write(ref _sockets, larger);
            }

            // An event of a closed socket may still be pending when its slot has been given to another: the generation tells them apart.
            socket.Token = ((ulong)(++_generation & int.MaxValue) << 32) | (uint)slot;
            _sockets[slot] = socket;
        }

        if (TryControl(Epoll.Add, socket, descriptor, events))
            return true;
        Forget(socket);
        return false;
    }

    /// <summary>Changes the events for which a watched socket waits. Events that are already there are reported at once.</summary>
    public bool Modify(LoopEntry socket, SafeHandle descriptor, uint events) => TryControl(Epoll.Modify, socket, descriptor, events);

    /// <summary>Stops watching a socket that stays open.</summary>
    public void Remove(LoopEntry socket, SafeHandle descriptor)
    {
        TryControl(Epoll.Delete, socket, descriptor, 0);
        Forget(socket);
    }

    /// <summary>Forgets a socket that was closed; closing has removed it from the kernel's list.</summary>
    public void Forget(LoopEntry socket)
    {
        lock (_lock)
        {
            var slot = (int)(uint)socket.Token;
            if (_sockets[slot] != socket)
                return;
            _sockets[slot] = null;
            _free.Push(slot);
        }
    }

    private void PostYielded(Action continuation)
    {
        lock (_lock)
            _yielded.Enqueue(continuation);
        Wake();
    }

    private void Wake()
    {
        // The loop checks for work before it waits.
        if (IsCurrent)
            return;
        lock (_lock)
        {
            if (_wakeSent)
                return;
            _wakeSent = true;
        }

        Epoll.Signal(_wake);
    }

    private bool TryControl(int operation, LoopEntry socket, SafeHandle descriptor, uint events)
    {
        try
        {
            return Epoll.Control(_epoll, operation, descriptor, events, socket.Token);
        }
        catch (ObjectDisposedException)
        {
            return false;
        }
    }

    private void Run()
    {
        _current = this;
        var events = new byte[MaxEvents * Epoll.EventSize];
        while (true)
        {
            var mayWait = Volatile.Read(ref _posted).Count == 0 && _yielded.Count == 0;
            var count = Epoll.Wait(_epoll, events, mayWait ? Timeout.Infinite : 0);
            var began = Stopwatch.GetTimestamp();
            Round++;
            for (var i = 0; i < count; i++)
            {
                var (kinds, token) = Epoll.At(events, i);
                if (token == WakeToken)
                    Epoll.Reset(_wake);
                else
                    Tell(token, kinds);
            }

            var anyNew = RunPosted() || count > 0;
            if (_yielded.Count > 0)
                RunYielded(anyNew ? Stopwatch.GetTimestamp() - began : 0);
        }
    }

    private void Tell(ulong token, uint events)
    {
        var socket = Volatile.Read(ref _sockets)[(int)(uint)token];
        if (socket?.Token != token)
            return;
        try
        {
            socket.OnEvents(events);
        }
        catch (Exception e)
        {
            Defects.Note("an event of a socket", e);
        }
    }

    // Runs only the actions that are queued now: what they post runs after the next look at the sockets.
    private bool RunPosted()
    {
        lock (_lock)
        {
            _wakeSent = false;
            if (_posted.Count == 0)
                return false;
            (_posted, _running) = (_running, _posted);
        }

        foreach (var action in _running)
            Defects.Run(Work, action);
        _running.Clear();
        return true;
    }

    // Runs no action twice: what yields again runs after the next look at the sockets.
    private void RunYielded(long forAsLongAs)
    {
        var began = Stopwatch.GetTimestamp();
        for (var left = _yielded.Count; left > 0; left--)
        {
            Action next;
            lock (_lock)
                next = _yielded.Dequeue();
            Defects.Run(Work, next);
            if (Stopwatch.GetTimestamp() - began >= forAsLongAs)
                return;
        }
    }

    /// <summary>The awaitable that <see cref="EventLoop.Yield"/> returns.</summary>
    public readonly struct YieldAwaitable(EventLoop loop) : ICriticalNotifyCompletion
    {
        /// <summary>Always false, so that an await always suspends.</summary>
        public bool IsCompleted => false;

        /// <summary>Returns this, which is its own awaiter.</summary>
        public YieldAwaitable GetAwaiter() => this;

        /// <inheritdoc/>
        public void OnCompleted(Action continuation) => loop.PostYielded(continuation);

        /// <inheritdoc/>
        public void UnsafeOnCompleted(Action continuation) => loop.PostYielded(continuation);

        /// <summary>Returns nothing and never fails.</summary>
        public void GetResult()
        {
        }
    }
}
