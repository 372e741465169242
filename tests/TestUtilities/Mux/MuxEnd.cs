using Tunnel.Shared.Protocol.Frames;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport;
using Tunnel.Shared.Transport.Mux;
using Tunnel.Shared.Transport.Mux.Core;
using Tunnel.Shared.Transport.Streams;

namespace Tunnel.TestUtilities.Mux;

/// <summary>
/// One end of a mux in virtual time, without a socket: what it says is kept for whoever carries it, and it hears what it is given. Nothing
/// happens but in <see cref="Run"/>, in what a test calls and in timers, and all of it on the test's thread.
/// </summary>
internal sealed class MuxEnd : IMuxEvents, IMuxCarrier
{
    private const int FramesPerTurn = 256;

    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);

    private readonly BytePipe _received = new();
    private readonly Queue<Action> _yielded = new();
    private readonly ITimer _clock;
    private bool _sends;
    private bool _looksAgain;

    /// <param name="isEdge">Whether it is the edge's end.</param>
    /// <param name="context">The state that all tunnels of the process share.</param>
    /// <param name="peer">The peer, whose tunnels have a share of the memory together; null: no other tunnel has it.</param>
    public MuxEnd(bool isEdge, TransportContext context, string? peer = null)
    {
        Endpoint = new MuxEndpoint(isEdge, context, this, this, ids: null, context.Flow.Kept.Open(peer));
        _clock = context.Time.CreateTimer(_ => OnTick(), null, Tick, Tick);
    }

    public MuxEndpoint Endpoint { get; }

    /// <summary>The bytes that it has said and nobody has carried yet.</summary>
    public BytePipe Sent { get; } = new();

    /// <summary>How many bytes may be under way before it has to wait with more, as in the kernel's buffers of a connection.</summary>
    public int MostUnderWay { get; init; } = 256 << 10;

    /// <summary>The reason why the mux has ended; null while it has not.</summary>
    public TunnelEnd? End => Endpoint.Core.End;

    /// <summary>The exceptions that were thrown on the way to an end.</summary>
    public List<Exception> Defects { get; } = [];

    /// <summary>The handler that a hub tells of each stream; null resets none and attaches none.</summary>
    public Action<ITunnelStream>? OnStream { get; set; }

    /// <summary>The function by which a hub gives each session a sink; null refuses all.</summary>
    public Func<ITunnelSession, IDatagramSink?>? OnSession { get; set; }

    /// <summary>Gives it bytes, which are looked at in the next <see cref="Run"/>.</summary>
    public void Hear(ReadOnlySpan<byte> bytes)
    {
        _received.Append(bytes);
        _looksAgain = true;
    }

    /// <summary>Does what can be done at once, a turn of each kind.</summary>
    /// <returns>False when there was nothing to do.</returns>
    public bool Run()
    {
        var moved = _yielded.Count > 0;
        for (var turns = _yielded.Count; turns > 0; turns--)
            _yielded.Dequeue()();
        return Read() | Write() | moved;
    }

    /// <summary>Ends it without ceremony, as a connection does that breaks.</summary>
    public void Lose(TunnelEnd end)
    {
        if (!Endpoint.Core.TryEnd(end, whileSending: true))
            return;
        _clock.Dispose();
        _received.Clear();
        Endpoint.LoseAll();
        Endpoint.ReleaseWaiting();
    }

    /// <summary>Loses its connection: what it has said, and what it was given and has not looked at, is gone.</summary>
    public void Detach()
    {
        if (!Endpoint.Change.TryDetach(new TunnelEnd(TunnelEndKind.ConnectionLost, "the carrier broke")))
            return;
        Run();
        _received.Clear();
        Sent.Clear();
    }

    void IMuxCarrier.Send() => _sends = true;

    void IMuxCarrier.Yield(Action continuation) => _yielded.Enqueue(continuation);

    void IMuxEvents.OnStreamOpened(IStreamCarrier stream, in StreamOpening opening) => OnStream?.Invoke(stream);

    IDatagramSink? IMuxEvents.OnSessionOpened(ITunnelSession session, in StreamOpening opening) => OnSession?.Invoke(session);

    void IMuxEvents.OnPing()
    {
    }

    string? IMuxEvents.OnResume(ResumePoint? point) => null;

    void IMuxEvents.OnEnded(TunnelEnd end) => Lose(end);

    void IMuxEvents.OnBug(Exception exception) => Defects.Add(exception);

    void IMuxEvents.OnDefect(Exception exception) => Defects.Add(exception);

    public void OnConfig(TunnelConfig config)
    {
    }

    public void OnHello(Hello hello)
    {
    }

    public void OnReport(Report report)
    {
    }

    public void OnGoAway(GoAway goAway)
    {
    }

    public void SendGoAway(string reason) => Endpoint.SendGoAway(reason, 0);

    private void OnTick()
    {
        if (Endpoint.Tick() is { } end)
            Lose(end);
        else
            Endpoint.Core.Wake();
    }

    /// <summary>Looks at what has come, for one turn.</summary>
    /// <returns>False when there is nothing to do.</returns>
    public bool Read()
    {
        if (!_looksAgain || End is not null)
            return false;
        try
        {
            var bytes = Endpoint.Frames.Process(_received.Bytes, FramesPerTurn).Bytes;
            if (End is null)
                _received.Take(bytes);
            _looksAgain = bytes > 0 || (Endpoint.Frames.IsHeldBack && !Endpoint.Core.IsDetached);
            return bytes > 0;
        }
        catch (FrameViolationException e)
        {
            Lose(new TunnelEnd(TunnelEndKind.ProtocolError, e.Message));
            return true;
        }
    }

    private bool Write()
    {
        var moved = false;
        while (_sends && Sent.Length < MostUnderWay)
        {
            var batch = Endpoint.Batch.Next();
            Sent.Append(batch.Span);
            Endpoint.Batch.OnSent();
            moved |= !batch.IsEmpty;
            if (!batch.IsEmpty)
                continue;
            lock (Endpoint.Core.Sync)
            {
                if (Endpoint.Core.HasWork)
                    continue;
                Endpoint.Batch.Release();
                Endpoint.Core.EndSending();
                _sends = false;
            }
        }

        return moved;
    }
}
