using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Shared.Protocol.Proxy;
using Tunnel.Shared.Transport;
using Tunnel.Shared.Transport.Moving;
using Tunnel.TestUtilities;
using Tunnel.TestUtilities.Mux;
using TransportContext = Tunnel.Shared.Transport.TransportContext;

namespace Tunnel.Shared.UnitTests.Transport.Moving;

/// <summary>
/// One stream that is handed over from tunnel to tunnel, any of which either end may lose at any moment, and whose local ends may reset.
/// The edge does what its connector does: it moves what is on a lost tunnel to a newer one, and hands over what is on one that lives.
/// </summary>
internal sealed class CutWorld
{
    private const int MostTunnels = 12;

    private readonly Random _random;
    private readonly Dictionary<string, CutTunnel> _named = [];
    private readonly List<CutTunnel> _tunnels = [];
    private readonly TurnQueue _turns = new();
    private readonly CutKinds _kinds;
    private uint _ids;
    private bool _hasReset;
    private bool _mayEnd;

    public CutWorld(int seed, CutKinds kinds)
    {
        SynchronizationContext.SetSynchronizationContext(_turns);
        (_random, _kinds) = (new Random(seed), kinds);
        Context = new TransportContext(new FlowControlOptions { MemoryBudget = 64 << 20 }, Time, NullLoggerFactory.Instance);
        Client = new ScriptedEndpoint(1, 2) { Room = int.MaxValue };
        Upstream = new ScriptedEndpoint(2, 1) { Room = int.MaxValue };
        var first = Add(kinds == CutKinds.Quic || (kinds == CutKinds.Mixed && _random.Next(2) == 0));
        Edge = new MovableStream(Context, first.EdgeStreams, MoveWorld.Opening, Client, null);
        var leg = Edge.Leg!;
        first.Open(MoveWorld.Opening, leg.Endpoint, leg.Endpoint);
        Hub = new MovableStream(Context, first.Carriers[1], first.HubStreams);
        Hub.Attach(Upstream);
    }

    public ManualTimeProvider Time { get; } = new();

    public TransportContext Context { get; }

    public ScriptedEndpoint Client { get; }

    public ScriptedEndpoint Upstream { get; }

    public MovableStream Edge { get; }

    public MovableStream Hub { get; }

    /// <summary>The end of a tunnel that has not ended.</summary>
    public Task<TunnelEnd> Never { get; } = new TaskCompletionSource<TunnelEnd>().Task;

    /// <summary>The tunnels, the oldest first.</summary>
    public IReadOnlyList<CutTunnel> Tunnels => _tunnels;

    private CutTunnel Newest => _tunnels[^1];

    public uint NextId() => ++_ids;

    public bool Tosses() => _random.Next(2) == 0;

    public CutTunnel Add(bool keeps)
    {
        var name = $"tunnel-{_tunnels.Count}";
        var tunnel = new CutTunnel(this, name, keeps);
        _tunnels.Add(tunnel);
        _named.Add(name, tunnel);
        return tunnel;
    }

    public void OnMove(CutTunnel tunnel, CutCarrier carrier, StreamMove move)
    {
        if (_named[move.TunnelId].HubStreams.Take(move, carrier, tunnel.HubStreams) is { } reason)
            carrier.Reset(reason);
    }

    /// <summary>Does at random what may happen, and checks what the local ends have heard.</summary>
    public void Run(bool resets)
    {
        for (var i = 0; i < 300; i++)
            Step(cuts: true, resets);
        Client.SayEnd();
        for (var i = 0; i < 50; i++)
            Step(cuts: true, resets);
        Upstream.SayEnd();
        for (var i = 0; i < 100; i++)
            Step(cuts: true, resets);
        for (var i = 0; !(IsDone(Client) && IsDone(Upstream)); i++)
        {
            // An end that the other has forgotten, because it has all, learns it by the time that passes.
            if (i == 20_000)
                EndAll();
            if (i == 20_100)
                throw new PropertyException($"it comes to no end: {Tell(Client, Upstream)}; {Tell(Upstream, Client)}");
            Client.GiveRoom(100_000);
            Upstream.GiveRoom(100_000);
            Step(cuts: false, resets: false);
        }

        Check(Client, Upstream);
        Check(Upstream, Client);
    }

    /// <summary>Checks that nothing is held once nobody can ask for it any more.</summary>
    public void CheckMemory()
    {
        EndAll();
        if (Context.Flow.Budget.Used != 0)
            throw new PropertyException($"{Context.Flow.Budget.Used} bytes are held at the end");
    }

    /// <summary>Lets all that is under way arrive, and all acknowledgements.</summary>
    public void Settle()
    {
        for (var i = 0; i < 50; i++)
        {
            Time.Advance(TimeSpan.FromMilliseconds(20));
            foreach (var tunnel in _tunnels)
            {
                tunnel.DeliverAck(toEdge: true);
                tunnel.DeliverAck(toEdge: false);
                foreach (var carrier in tunnel.Carriers.ToArray())
                {
                    carrier.Pull(64 << 10);
                    carrier.Deliver();
                }
            }

            Turn();
        }
    }

    /// <summary>Lets the code do what it has put off.</summary>
    public void Turn()
    {
        Client.EndWaitingWrite();
        Upstream.EndWaitingWrite();
        _turns.Run();
    }

    private static bool IsDone(ScriptedEndpoint end) => end.IsClosed || end.IsGone;

    private static string Tell(ScriptedEndpoint end, ScriptedEndpoint other) =>
        $"heard {end.Heard} of {other.Said}, its end {end.HeardEnd}, closed {end.IsClosed}, reset {end.IsGone}";

    private void Check(ScriptedEndpoint end, ScriptedEndpoint other)
    {
        if (end.HeardEnd && (end.Heard != other.Said || other.ToSay > 0))
            throw new PropertyException($"an end that is none: {Tell(end, other)}");
        if (!_hasReset && !_mayEnd && (end.IsGone || !end.HeardEnd))
            throw new PropertyException($"a reset without a cause: {Tell(end, other)}");
    }

    private void EndAll()
    {
        foreach (var tunnel in _tunnels)
        {
            tunnel.Lose(atEdge: true);
            tunnel.Lose(atEdge: false);
        }

        Turn();
        Time.Advance(TransportContext.DefaultResumeGrace);
        Turn();
    }

    private void Step(bool cuts, bool resets)
    {
        var any = _random.Next(4) == 0 ? _tunnels[_random.Next(_tunnels.Count)] : Used();
        var count = any.Carriers.Count;
        var carrier = count == 0 ? null : any.Carriers[_random.Next(Math.Max(0, count - 4), count)];
        switch (_random.Next(cuts ? 34 : 25))
        {
            case 0:
                Client.Say(_random.Next(1, Size()));
                break;
            case 1:
                Upstream.Say(_random.Next(1, Size()));
                break;
            case 2:
                (Tosses() ? Client : Upstream).GiveRoom(_random.Next(1, 100_000));
                break;
            case 3 when cuts:
                (Tosses() ? Client : Upstream).Room = 0;
                break;
            case 4:
                Time.Advance(TimeSpan.FromMilliseconds(_random.Next(30)));
                break;
            case < 9:
                any.DeliverAck(Tosses());
                break;
            case < 15:
                carrier?.Pull(Size());
                break;
            case < 22:
                carrier?.Deliver();
                break;
            case < 25:
                Connect();
                break;
            case < 29:
                HandOver();
                break;
            case < 33:
                Cut(any);
                break;
            default:
                if (resets && _random.Next(15) == 0)
                    ResetOne();
                break;
        }

        Turn();

        // A tunnel that one end has lost is lost at the other, too, after a while.
        if (any.IsLostAt(edge: true) != any.IsLostAt(edge: false) && _random.Next(cuts ? 10 : 3) == 0)
            any.Lose(atEdge: !any.IsLostAt(edge: true));
        Turn();
    }

    // One of the tunnels that carry the stream now.
    private CutTunnel Used()
    {
        var way = Edge.Core.Way ?? Hub.Core.Way;
        StreamLeg?[] legs = [Edge.Leg, Hub.Leg, way?.From, way?.To];
        var leg = legs[_random.Next(legs.Length)] ?? Edge.Legs.Last;
        return _tunnels.Find(tunnel => tunnel.EdgeStreams == leg.Table || tunnel.HubStreams == leg.Table) ?? Newest;
    }

    private void ResetOne()
    {
        _hasReset = true;
        (Tosses() ? Client : Upstream).ResetByPeer();
    }

    private void Cut(CutTunnel tunnel)
    {
        if (!tunnel.Keeps && _kinds != CutKinds.Mortal)
            return;
        if (!tunnel.Keeps)
            _mayEnd = true;
        if (_tunnels.Count < MostTunnels && _random.Next(2) == 0)
            tunnel.Lose(Tosses());
    }

    // The edge's connector: it moves what is on lost tunnels to the newest one.
    private void Connect()
    {
        foreach (var lost in _tunnels.ToArray())
        {
            if (!lost.IsLostAt(edge: true) || lost.EdgeStreams.Waiting == 0)
                continue;

            // A stream that nobody knows about waits for a tunnel over QUIC, to which an edge comes back.
            var waits = Edge.Core.Way is { IsInDoubt: true, From.Keeps: true };
            if (Newest.IsLostAt(edge: true) || (waits && !Newest.Keeps && Tosses()))
                Add(_kinds == CutKinds.Quic || waits || Tosses());
            Edge.TryMove(lost.EdgeStreams, Newest);
            Turn();
        }
    }

    private void HandOver()
    {
        if (_tunnels.Count >= MostTunnels)
            return;
        foreach (var tunnel in _tunnels.ToArray())
        {
            if (tunnel.IsLostAt(edge: true) || (Edge.Leg?.Table != tunnel.EdgeStreams && Edge.Core.Way?.From.Table != tunnel.EdgeStreams))
                continue;

            // What was sent over QUIC is not kept for a tunnel over TLS.
            var next = tunnel != Newest && Tosses() ? Newest : Add(tunnel.Keeps || _kinds == CutKinds.Quic || Tosses());
            if (tunnel.Keeps && !next.Keeps)
                _mayEnd = true;
            Edge.TryHandOver(tunnel.EdgeStreams, next);
            return;
        }
    }

    private int Size() => _random.Next(3) == 0 ? 100_000 : 300;
}

/// <summary>What the tunnels of a <see cref="CutWorld"/> are.</summary>
internal enum CutKinds
{
    /// <summary>All are over QUIC, and any may be lost.</summary>
    Quic,

    /// <summary>Some are over TLS, and those are not lost for good.</summary>
    Mixed,

    /// <summary>Some are over TLS, and are lost for good as well.</summary>
    Mortal,

    /// <summary>The first is over TLS, and is not lost for good.</summary>
    Tls,
}
