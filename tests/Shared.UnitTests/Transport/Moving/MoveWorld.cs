using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Shared.Transport;
using Tunnel.Shared.Transport.Moving;
using Tunnel.Shared.Transport.Moving.Tables;
using Tunnel.TestUtilities;
using Tunnel.TestUtilities.Mux;
using TransportContext = Tunnel.Shared.Transport.TransportContext;

namespace Tunnel.Shared.UnitTests.Transport.Moving;

/// <summary>One stream, its two local ends, and the tunnel that carries it at present.</summary>
internal sealed class MoveWorld
{
    /// <summary>The edge, as the hub names it.</summary>
    public const string EdgeName = "edge";

    /// <summary>The hub, as the edge names it.</summary>
    public const string HubName = "hub";

    private const int MostYields = 1_000_000;

    public static readonly StreamOpening Opening = new(null, null, 443);

    private readonly Random _random;
    private uint _ids;

    private readonly bool _lives;
    private readonly List<MoveTunnel> _tunnels;

    /// <summary>Opens a stream.</summary>
    /// <param name="seed">The seed of what happens.</param>
    /// <param name="budget">The memory that both ends share.</param>
    /// <param name="lives">Whether tunnels don't break: the stream goes from one to another while both live.</param>
    public MoveWorld(int seed, int budget = 64 << 20, bool lives = false)
    {
        _lives = lives;
        _random = new Random(seed);
        Context = new TransportContext(new FlowControlOptions { MemoryBudget = budget }, Time, NullLoggerFactory.Instance);
        Client = new ScriptedEndpoint(1, 2) { Room = int.MaxValue };
        Upstream = new ScriptedEndpoint(2, 1) { Room = int.MaxValue };
        First = Present = new MoveTunnel(this, keeps: !lives || seed % 2 == 0);
        _tunnels = [First];
        Edge = new MovableStream(Context, Present.EdgeStreams, Opening, Client, null);
        var leg = Edge.Leg!;
        Present.Open(Opening, leg.Endpoint, leg.Endpoint);
        Hub = new MovableStream(Context, Present.HubEnd!, Present.HubStreams);
        Hub.Attach(Upstream);
    }

    public ManualTimeProvider Time { get; } = new();

    public TransportContext Context { get; }

    public ScriptedEndpoint Client { get; }

    public ScriptedEndpoint Upstream { get; }

    public MovableStream Edge { get; }

    public MovableStream Hub { get; }

    public MoveTunnel First { get; }

    public MoveTunnel Present { get; private set; }

    /// <summary>The hub's streams of each tunnel that there was, by the tunnel's name.</summary>
    public Dictionary<string, MovableStreams> HubStreams { get; } = [];

    public uint NextId() => ++_ids;

    public void Run()
    {
        for (var i = 0; i < 300; i++)
            Step();
        Client.SayEnd();
        for (var i = 0; i < 50; i++)
            Step();
        Upstream.SayEnd();
        Client.GiveRoom(int.MaxValue);
        Upstream.GiveRoom(int.MaxValue);
        for (var i = 0; !(Client.IsClosed && Upstream.IsClosed); i++)
        {
            // Each step is a step of one tunnel, of those that live.
            var patience = _tunnels.Count;

            // An end that the other has forgotten, because it has all, learns it by the time that passes.
            if (i == 15_000 * patience)
            {
                Present.Break();
                Time.Advance(TransportContext.DefaultResumeGrace);
            }

            if (i == 16_000 * patience)
                throw new PropertyException($"it comes to no end: {Tell(Client, Upstream)}; {Tell(Upstream, Client)}");
            if (i > 1_000)
            {
                Client.GiveRoom(100_000);
                Upstream.GiveRoom(100_000);
            }

            Step(breaks: i < 1_000);
        }

        if (Client.Heard != Upstream.Said || Upstream.Heard != Client.Said || Client.IsGone || Upstream.IsGone || !Client.HeardEnd
            || !Upstream.HeardEnd)
        {
            throw new PropertyException($"heard {Client.Heard} of {Upstream.Said} and {Upstream.Heard} of {Client.Said}");
        }
    }

    /// <summary>Checks that nothing is held once nobody can ask for it any more.</summary>
    public void CheckMemory()
    {
        foreach (var tunnel in _tunnels)
            tunnel.Break();
        Present.Break();
        Time.Advance(TransportContext.DefaultResumeGrace);
        if (Context.Flow.Budget.Used != 0)
            throw new PropertyException($"{Context.Flow.Budget.Used} bytes are held at the end");
        var kept = Context.Flow.Kept;
        if (kept.Free != kept.Limit || kept.Peers > 0)
            throw new PropertyException($"{kept.Free} of {kept.Limit} bytes are free at the end, and {kept.Peers} peers are known");
    }

    public void SendUnacknowledged(int bytes)
    {
        Client.Say(bytes);
        while (Client.ToSay > 0)
            Present.EdgeEnd!.Pull(64 << 10);
    }

    public void Break() => Present.Break();

    public bool TryMove()
    {
        var before = Present;
        Present = new MoveTunnel(this);
        if (!Edge.TryMove(before.EdgeStreams, Present))
            throw new PropertyException("it does not move");
        while (Present.EdgeEnd!.Deliver(Present))
        {
        }

        return Present.HubEnd!.Observer is not null;
    }

    private static string Tell(ScriptedEndpoint end, ScriptedEndpoint other) =>
        $"heard {end.Heard} of {other.Said}, its end {end.HeardEnd}, closed {end.IsClosed}, reset {end.IsGone}";

    /// <summary>Asks the hub to go on over another tunnel, while the present one lives.</summary>
    public MoveTunnel Ask(bool keeps)
    {
        var next = new MoveTunnel(this, keeps);
        if (!Edge.HandOvers.TryAsk(Present.EdgeStreams, next))
            throw new PropertyException("the other tunnel takes streams");
        return next;
    }

    private void Step(bool breaks = true)
    {
        // A write that waited for the old leg's end goes on on another thread, which must neither meet the script nor fall behind it.
        lock (Edge.Core.ReceiveLock)
        {
            lock (Hub.Core.ReceiveLock)
                StepAlone(breaks);
        }

        foreach (var tunnel in _lives ? _tunnels : [])
        {
            for (var i = 0; i < MostYields && (GoesOn(tunnel.EdgeEnd, Edge, Client) || GoesOn(tunnel.HubEnd, Hub, Upstream)); i++)
                Thread.Yield();
        }
    }

    private static bool GoesOn(MoveCarrier? carrier, MovableStream stream, ScriptedEndpoint local)
    {
        lock (stream.Core.ReceiveLock)
            return carrier is { IsWriting: true, Leg: { } leg } && !local.IsWriting && stream.Core.Before(leg) is null;
    }

    private void HandOver()
    {
        // The edge knows which tunnel has the stream.
        foreach (var tunnel in _tunnels)
        {
            if (Edge.Leg?.Table == tunnel.EdgeStreams)
                Present = tunnel;
        }

        var next = Ask(keeps: _random.Next(2) == 0);
        if (next.EdgeEnd is not null)
            _tunnels.Add(next);
        else
            next.Break();
    }

    private void StepAlone(bool breaks)
    {
        var any = _lives ? _tunnels[_random.Next(_tunnels.Count)] : Present;
        switch (_random.Next(breaks ? 26 : 25))
        {
            case 0 or 1:
                Client.Say(_random.Next(1, Size()));
                break;
            case 2 or 3:
                Upstream.Say(_random.Next(1, Size()));
                break;
            case 4:
                (_random.Next(2) == 0 ? Client : Upstream).GiveRoom(_random.Next(1, 100_000));
                break;
            case 5:
                (_random.Next(2) == 0 ? Client : Upstream).Room = 0;
                break;
            case 6:
                Time.Advance(TimeSpan.FromMilliseconds(_random.Next(30)));
                break;
            case 7 or 8:
                any.DeliverAck();
                break;
            case < 13:
                any.EdgeEnd?.Pull(Size());
                break;
            case < 17:
                any.HubEnd?.Pull(Size());
                break;
            case < 21:
                any.EdgeEnd?.Deliver(any);
                break;
            case < 25:
                any.HubEnd?.Deliver(any);
                break;
            default:
                if (_lives && _tunnels.Count < 12)
                    HandOver();
                else if (!_lives && _random.Next(4) == 0)
                    Present.Break();
                break;
        }

        Client.EndWaitingWrite();
        Upstream.EndWaitingWrite();
        if (Present.IsBroken && _random.Next(3) == 0)
        {
            var before = Present;
            Present = new MoveTunnel(this);
            Edge.TryMove(before.EdgeStreams, Present);
        }
    }

    private int Size() => _random.Next(3) == 0 ? 100_000 : 300;
}
