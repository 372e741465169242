using System.Buffers.Text;
using System.Collections.Immutable;
using System.Net;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Tunnel.Hub.Blocks;
using Tunnel.Hub.Edges.Allowed;
using Tunnel.Hub.Edges.Presence;
using Tunnel.Hub.Events;
using Tunnel.Shared.Guarding;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport;

namespace Tunnel.Hub.Edges.Live;

// Over 300 lines: the registry is one lock and everything that happens under it; configurations, election, news, lanes, crowd and renewals
// are in classes of their own.
/// <summary>The registry of authenticated tunnels by edge id. It admits them, and settles which tunnel of an edge counts.</summary>
internal sealed class LiveEdges : IDisposable
{
    // A factor on the wait for HELLO. A further connection of an edge that has said which process it is must not be taken for a base peer,
    // which would replace its own tunnel with all that is open: a lane is dialled just when the path is full, and a tunnel says HELLO only
    // once the edge has given up hearing from the other one, when the path may be cut again.
    private const int Patience = 12;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, EdgeSlot> _slots = [];
    private readonly IAllowedEdges _allowed;
    private readonly ITunnelForwarder _forwarder;
    private readonly LiveEdgesOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly TunnelElection _election;
    private readonly TunnelNews _news;
    private readonly TunnelCrowd _crowd;
    private readonly Renewals _renewals;
    private readonly ResumeAdmission _resumes;
    private bool _closed;

    public LiveEdges(
        IAllowedEdges allowed, ITimedBlocks blocks, ITunnelForwarder forwarder, LiveEdgesOptions options, HubEventFeed events,
        TimeProvider time, ILoggerFactory loggerFactory)
    {
        _allowed = allowed;
        _forwarder = forwarder;
        _options = options;
        _time = time;
        _logger = loggerFactory.CreateLogger<LiveEdges>();
        Presences = new EdgePresences(time);
        // An edge that is no longer allowed is forgotten before its tunnels are ended.
        _allowed.Changed += OnAllowedChanged;
        Configs = new ConfigPusher(_lock, () => Tunnels, allowed, blocks, events, options, time, _logger);
        _election = new TunnelElection(_lock, Presences, events, time, _logger);
        _news = new TunnelNews(_lock, events, time, _logger);

        // An edge may dial all its lanes at once, and a tunnel in addition.
        _crowd = new TunnelCrowd(_lock, options.MaxLanes + 1, _logger);
        _renewals = new Renewals(_lock, time);
        Moves = new StreamMoves(_news, _logger);
        _resumes = new ResumeAdmission(_lock, _logger);
        Lanes = new LaneAdmission(_lock, options.MaxLanes, _logger);
        Dials = new DialNeeds(_lock, _slots, options.MaxLanes);
        Reports = new EdgeReports(_lock, _slots, Configs, events, time, _logger);
    }

    /// <summary>Counts the tunnels that lost their connection, and those that went on over another.</summary>
    public TunnelNews News => _news;

    /// <summary>Tells the edges what they are to do.</summary>
    public ConfigPusher Configs { get; }

    /// <summary>Takes what edges report of their machines.</summary>
    public EdgeReports Reports { get; }

    /// <summary>Lets streams go on over another tunnel of their edge.</summary>
    public StreamMoves Moves { get; }

    /// <summary>When each edge was last seen, connected or not.</summary>
    public EdgePresences Presences { get; }

    /// <summary>Returns the tunnel of an edge on which new streams are expected; null when it is not connected.</summary>
    public EdgeTunnel? FindPrimary(string edgeId)
    {
        lock (_lock)
            return _slots.TryGetValue(edgeId, out var slot) ? slot.Primary : null;
    }

    /// <summary>Sends a secret to an edge and waits until the edge has kept it.</summary>
    public Task<SecretPush> PushSecretAsync(string edgeId, Guid secretId, string secret) =>
        _renewals.PushAsync(FindPrimary(edgeId), secretId, secret);

    /// <summary>Handles the edge's report that it has kept what it was sent.</summary>
    public void OnKept(EdgeTunnel live, long revision, KeptReport kept)
    {
        _renewals.OnKept(live, revision, kept);
        if (kept.Address is { } address)
            Configs.OnKept(live, address);
    }

    /// <summary>Decides which connections become lanes.</summary>
    public LaneAdmission Lanes { get; }

    /// <summary>Knows which edges need a connection, for those that the hub dials.</summary>
    public DialNeeds Dials { get; }

    /// <summary>Prepares a tunnel for an edge that has authenticated.</summary>
    /// <returns>Null when too many edges are connected or the hub stops.</returns>
    public EdgeTunnel? Admit(AllowedEdge edge, Guid secretId, IPEndPoint remote, Func<string, HubInfo> describeHub)
    {
        bool contested;
        lock (_lock)
        {
            if (_closed || (_slots.Count >= _options.MaxEdges && !_slots.ContainsKey(edge.Id)))
                return null;
            contested = _slots.TryGetValue(edge.Id, out var slot) && slot.Primary is not null;
        }

        var tunnelId = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(16));
        var (config, blocks) = Configs.First(edge, describeHub(tunnelId) with { SeenAs = remote.Address, Contested = contested });
        return new EdgeTunnel(this, _forwarder, edge, secretId, remote, config, _time.GetUtcNow()) { BlocksVersion = blocks };
    }

    /// <summary>Registers a tunnel whose edge has been answered, and starts it.</summary>
    public void Begin(EdgeTunnel live, ITunnel tunnel)
    {
        live.Tunnel = tunnel;
        bool alone, mayBeLane, isKnown;
        EdgeSlot? slot;
        lock (_lock)
        {
            if (!_slots.TryGetValue(live.EdgeId, out slot))
                _slots.Add(live.EdgeId, slot = new EdgeSlot());
            mayBeLane = LaneAdmission.MayJoin(slot);
            isKnown = slot.Tunnels.Exists(static other => other.Identity.IsKnown);
            slot.Add(live);
            alone = slot.Primary is null && !mayBeLane;
            if (alone)
                _election.MakePrimary(slot, live);
        }

        if (alone)
            _news.Announce(live);
        WatchAsync(live, tunnel).Guard("watching a tunnel");
        tunnel.Start();
        _crowd.Thin(slot, live);
        if (alone)
        {
            // The tunnel that existed when this edge was answered may have ended since.
            lock (_lock)
                live.Settle();
        }
        else
        {
            ElectWithoutHelloAsync(live, isKnown ? _options.HelloTimeout * Patience : _options.HelloTimeout).Guard("electing a tunnel");
        }

        // The edge may have been changed or removed since its secret was checked.
        Configs.CatchUp(live);
    }

    /// <summary>Handles a tunnel that has said which process it is, or turned out to be a base peer.</summary>
    public void OnIdentified(EdgeTunnel live)
    {
        EdgeSlot? slot;
        bool repeats;
        lock (_lock)
        {
            if (live.IsElected || !_slots.TryGetValue(live.EdgeId, out slot))
                return;
            live.IsElected = true;
            // A process that was turned away comes back every few seconds.
            repeats = slot.TurnedAway is { } turnedAway && turnedAway == live.Identity.Instance;
        }

        if (!repeats)
            _news.Announce(live);
        _crowd.Thin(slot, live);
        // Runs on the pool because the caller is the tunnel's read loop.
        Task.Run(async () =>
        {
            await _election.RunAsync(slot, live);
            if (repeats && IsPrimary(slot, live))
                _news.Announce(live);
        }).Guard("electing a tunnel");
    }

    private bool IsPrimary(EdgeSlot slot, EdgeTunnel live)
    {
        lock (_lock)
            return slot.Primary == live;
    }

    /// <summary>Handles a connection that has said in its HELLO what it is: a lane, or a tunnel of its own.</summary>
    public void OnIntroduced(EdgeTunnel live, ITunnel connection)
    {
        if (live.Hello!.Lane is not { } lane)
        {
            OnIdentified(live);
            return;
        }

        EdgeSlot? slot;
        lock (_lock)
        {
            if (!_slots.TryGetValue(live.EdgeId, out slot))
                return;
        }

        Lanes.Admit(slot, live, connection, lane);
    }

    /// <summary>Handles a connection that is to go on with a tunnel that has lost its own.</summary>
    public void OnResume(EdgeTunnel live, ITunnel connection, ResumeHello resume)
    {
        EdgeSlot? slot;
        lock (_lock)
        {
            if (!_slots.TryGetValue(live.EdgeId, out slot))
                return;
            live.IsResuming = live.IsElected = true;
        }

        _crowd.Thin(slot, live);

        // Runs on the pool because the caller is the connection's read loop.
        Task.Run(async () =>
        {
            if (!await _resumes.IsOwnTunnelAsync(slot, live, connection, resume))
                return;
            lock (_lock)
                live.IsResuming = live.IsElected = false;
            connection.RefuseResume();
            OnIntroduced(live, connection);
        }).Guard("resuming a tunnel");
    }

    /// <summary>Notes that a tunnel has lost its connection.</summary>
    /// <returns>False when there is nobody who could bring it another one.</returns>
    public bool OnLost(EdgeTunnel live, TunnelEnd cause)
    {
        lock (_lock)
        {
            if (_closed || live.IsResuming)
                return false;
            if (live.JoinedTo is not null)
                return true;
            live.LostSince = _time.GetUtcNow();
        }

        _news.TellLost(live, cause, live.Tunnel!.ActiveStreams);
        Dials.OnLess(live.EdgeId);
        return true;
    }

    /// <summary>Notes that a tunnel goes on over another connection.</summary>
    public void OnResumed(EdgeTunnel live, IPEndPoint remote, in TunnelResumed resumed)
    {
        if (live.JoinedTo is not null)
            return;
        lock (_lock)
            live.LostSince = null;
        _news.TellResumed(live, remote, resumed);
    }

    /// <summary>Notes that the edge wants no new streams on a tunnel, which then no longer stands in a newcomer's way.</summary>
    public void OnGoAway(EdgeTunnel live)
    {
        live.NoteLeft();
        lock (_lock)
        {
            live.IsDraining = true;
            if (_slots.TryGetValue(live.EdgeId, out var slot) && slot.Primary == live)
                slot.Primary = null;
        }

        Dials.OnLess(live.EdgeId);
    }

    /// <summary>All tunnels that have not ended.</summary>
    public ImmutableArray<EdgeTunnel> Tunnels
    {
        get
        {
            lock (_lock)
                return [.. _slots.Values.SelectMany(slot => slot.Tunnels)];
        }
    }

    /// <summary>Calls <paramref name="read"/> for each connected edge under the lock, so it must only read.</summary>
    public ImmutableArray<T> Read<T>(Func<EdgeSlot, T> read)
    {
        lock (_lock)
            return [.. _slots.Values.Where(slot => slot.ConnectedSince is not null).Select(read)];
    }

    /// <summary>Ends all tunnels of an edge, which may connect again.</summary>
    public Task DisconnectAsync(string edgeId, TunnelEnd end)
    {
        ImmutableArray<EdgeTunnel> tunnels;
        lock (_lock)
            tunnels = _slots.TryGetValue(edgeId, out var slot) ? [.. slot.Tunnels] : [];
        return Task.WhenAll(tunnels.Select(live => live.Tunnel!.CloseAsync(end)));
    }

    /// <summary>
    /// Sends an edge to the next tunnel that it gets. What is open goes on, and each tunnel of now ends once nothing is left on it; where
    /// the edge gets no other within the drain time, it ends then.
    /// </summary>
    public Task SendAwayAsync(string edgeId)
    {
        ImmutableArray<EdgeTunnel> tunnels;
        lock (_lock)
        {
            if (!_slots.TryGetValue(edgeId, out var slot))
                return Task.CompletedTask;
            tunnels = [.. slot.Tunnels];
            foreach (var live in tunnels)
                live.IsDraining = true;
            slot.Primary = null;
        }

        var end = new TunnelEnd(TunnelEndKind.Replaced, "the edge is dialled at another address");
        return Task.WhenAll(tunnels.Select(live => Farewell.SendOnAsync(live, _options.Drain, end, _time)));
    }

    /// <summary>Admits nobody any more, lets streams continue for the drain time, then ends all tunnels.</summary>
    public async Task StopAsync(TimeSpan drain)
    {
        lock (_lock)
            _closed = true;
        var end = new TunnelEnd(TunnelEndKind.Closed, "the hub stops");
        await Farewell.SayAsync(Tunnels, GoAway.Shutdown, drain, end, _time);
        // The tunnels are listed again, because one may have been between its answer and its registration.
        await Task.WhenAll(Tunnels.Select(live => live.Tunnel!.CloseAsync(end)));
    }

    /// <summary>Admits nobody any more, and sends the edges to the process that has taken this one's place.</summary>
    /// <param name="limit">When streams that are still open are reset.</param>
    public Task LeaveAsync(TimeSpan limit)
    {
        lock (_lock)
            _closed = true;
        var end = new TunnelEnd(TunnelEndKind.Closed, "another process of the hub has taken over");
        return Farewell.SendAwayAsync(Tunnels, limit, _options.Drain, end, _time);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _allowed.Changed -= OnAllowedChanged;
        Configs.Dispose();
    }

    private void OnAllowedChanged(EdgeSetChange change)
    {
        lock (_lock)
        {
            foreach (var edgeId in change.Removed)
                Presences.Forget(edgeId);
        }
    }

    // An edge with extensions says HELLO at once. One that says nothing and opens nothing is a base peer too.
    private async Task ElectWithoutHelloAsync(EdgeTunnel live, TimeSpan limit)
    {
        try
        {
            await live.Tunnel!.Completion.WaitAsync(limit, _time);
        }
        catch (TimeoutException)
        {
            OnIdentified(live);
        }
    }

    private async Task WatchAsync(EdgeTunnel live, ITunnel tunnel)
    {
        var end = await tunnel.Completion;
        EdgePresence? gone = null;
        bool isLane;
        lock (_lock)
        {
            isLane = live.JoinedTo is not null;
            if (!isLane)
                gone = Forget(live, tunnel, end);
            else if (_slots.TryGetValue(live.EdgeId, out var slot))
                slot.Lanes.Remove(live);
        }

        if (isLane)
        {
            Lanes.OnEnded(live, end);
        }
        else
        {
            _news.TellEnd(live, end, gone);
            Dials.OnLess(live.EdgeId);
        }

        await tunnel.DisposeAsync();
    }

    /// <returns>The presence to report when this was the last tunnel of a connected edge, else null. Called under the lock.</returns>
    private EdgePresence? Forget(EdgeTunnel live, ITunnel tunnel, TunnelEnd end)
    {
        var slot = _slots[live.EdgeId];
        slot.Remove(live);
        slot.Ended.Add(tunnel);
        if (slot.Primary == live)
            slot.Primary = null;
        if (slot.Tunnels.Count > 0)
            return null;
        _slots.Remove(live.EdgeId);
        if (slot.ConnectedSince is null)
            return null;
        var allowed = _allowed.Find(live.EdgeId);
        var condition = EdgeConditions.After(end, live.IsDraining, allowed is { Enabled: true }, _closed);
        return Presences.OnGone(live.EdgeId, condition, end.Detail, isForgotten: allowed is null);
    }
}
