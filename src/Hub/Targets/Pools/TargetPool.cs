using System.Collections.Immutable;
using System.Net;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Shared.Guarding;

namespace Tunnel.Hub.Targets.Pools;

/// <summary>
/// The targets of one port, their addresses, and which of them a new client gets. Any thread may use it.
/// </summary>
internal sealed class TargetPool
{
    private readonly Lock _lock = new();
    private readonly TargetResolver _resolver;
    private readonly IPoolObserver _observer;
    private readonly TimeProvider _time;
    private readonly Balancer _balancer;
    private readonly List<PoolMember> _usable = [];
    private PoolMember[] _members = [];
    private PoolSpec _spec;
    private TargetAddresses _addresses;
    private bool _isPanicking;

    /// <param name="key">Which pool it is.</param>
    /// <param name="spec">What it is made of.</param>
    /// <param name="resolver">Resolves the names of targets.</param>
    /// <param name="observer">Is told of changes.</param>
    /// <param name="time">The clock.</param>
    /// <param name="random">Draws lots.</param>
    public TargetPool(PoolKey key, PoolSpec spec, TargetResolver resolver, IPoolObserver observer, TimeProvider time, Random? random = null)
    {
        Key = key;
        (_resolver, _observer, _time, _spec) = (resolver, observer, time, spec);
        _balancer = new Balancer(random ?? Random.Shared);
        _addresses = new TargetAddresses(spec.Targets, time);
        Refresh();
    }

    public PoolKey Key { get; }

    public PoolSpec Spec => Volatile.Read(ref _spec);

    private PoolPolicy Policy => _spec.Policy;

    /// <summary>Uses other targets and settings from now on; what is known of an address that stays is kept.</summary>
    public void Change(PoolSpec spec)
    {
        lock (_lock)
        {
            var newBreakers = spec.Policy.Breaker != Policy.Breaker;
            Volatile.Write(ref _spec, spec);
            foreach (var member in newBreakers ? _members : [])
                member.Breaker = MakeBreaker();
            _addresses = _addresses.ChangeTo(spec.Targets);
            AdoptLocked();
        }

        _observer.OnMembers(this);
    }

    /// <summary>Ends the pool: sessions that can move leave it.</summary>
    public void Close()
    {
        lock (_lock)
        {
            foreach (var member in _members)
                member.IsGone = true;
            Volatile.Write(ref _members, []);
        }

        _observer.OnMembers(this);
    }

    /// <summary>
    /// Looks where the names lead by now. Returns a task while no address is known; null when there is nothing to wait for.
    /// </summary>
    public Task? ReadyAsync()
    {
        Refresh();
        return Count > 0 ? null : FirstAnswerAsync();
    }

    /// <summary>Takes over what the names resolve to by now, and asks again for those whose answer is old. Does not wait.</summary>
    public void Refresh()
    {
        bool hasChanged;
        var old = new List<TargetAddresses.Known>();
        lock (_lock)
        {
            hasChanged = _addresses.Refresh(_resolver, old);
            if (hasChanged)
                AdoptLocked();
        }

        foreach (var target in old)
            ResolveAsync(target).Guard("looking up a target");
        if (hasChanged)
            _observer.OnMembers(this);
    }

    // With no answer at all there is nobody to choose from, and the caller finds that out.
    private async Task FirstAnswerAsync()
    {
        var waiting = _addresses.Targets.Select(ResolveAsync).ToList();
        while (waiting.Count > 0 && Count == 0)
            waiting.Remove(await Task.WhenAny(waiting));
    }

    private async Task ResolveAsync(TargetAddresses.Known target)
    {
        var addresses = await _resolver.ResolveAsync(target.Definition.Host);
        bool hasChanged;
        lock (_lock)
        {
            hasChanged = target.Take(addresses) && _addresses.Targets.Contains(target);
            if (hasChanged)
                AdoptLocked();
        }

        if (hasChanged)
            _observer.OnMembers(this);
    }

    /// <summary>Chooses a member for a client, and counts it as used until the use ends.</summary>
    /// <param name="source">The client's address; null when not known.</param>
    /// <param name="tried">The members that did not work for this client.</param>
    /// <param name="sameTarget">Only addresses of this target are wanted; null: of any.</param>
    /// <returns>Null when there is none that can be used.</returns>
    public PoolUse? Take(IPAddress? source, IReadOnlyCollection<PoolMember> tried, TargetDefinition? sameTarget = null)
    {
        bool? panics = null;
        PoolUse? use = null;
        lock (_lock)
        {
            if (FindUsableLocked(tried, sameTarget, ref panics))
            {
                var member = _balancer.Choose(Policy.Balance, _usable, source);
                member.Active++;
                member.Total++;
                use = new PoolUse(this, member, member.Breaker?.Enter() == true, _time);
            }
        }

        if (panics is { } isPanicking)
            _observer.OnPanic(this, isPanicking);
        return use;
    }

    /// <summary>Whether the member's target has another address that can be tried.</summary>
    public bool HasOther(PoolMember member, IReadOnlyCollection<PoolMember> tried)
    {
        lock (_lock)
            return _members.Any(other => ReferenceEquals(other.Target, member.Target) && CanUse(other, tried));
    }

    /// <summary>How many members there are now, of any state.</summary>
    public int Count => Volatile.Read(ref _members).Length;

    public bool IsEjected(PoolMember member)
    {
        lock (_lock)
            return member.IsGone || (!member.IsHealthy && !_isPanicking);
    }

    public void NoteSuccess(PoolUse use)
    {
        bool hasClosed;
        lock (_lock)
        {
            var member = use.Member;
            hasClosed = member.Breaker?.NoteSuccess(use.IsProbe) == true;
            if (use.IsProbe)
                member.Breaker?.Leave();
            if (hasClosed)
            {
                member.Outage = null;
                member.SlowStart.Begin(Policy.SlowStart ?? TimeSpan.Zero);
            }
        }

        if (hasClosed)
            _observer.OnUp(this, use.Member, "its connections work again");
    }

    /// <param name="use">The use that failed.</param>
    /// <param name="wasProbe">Whether it is one of the few that decide, and has not decided yet.</param>
    /// <param name="failure">Why it failed.</param>
    public void NoteFailure(PoolUse use, bool wasProbe, StreamFailure failure)
    {
        string reason;
        bool isNew;
        lock (_lock)
        {
            var member = use.Member;
            member.Failed++;
            // A probe is counted out by the breaker, which opens again.
            if (member.Breaker is not { } breaker || !breaker.NoteFailure(wasProbe))
                return;
            reason = $"{failure.Words()}, {breaker.Failures} connections in a row";
            // One that is tried again and fails has not been up in between.
            isNew = member.Outage is null;
            member.Outage = (member.Outage?.Since ?? _time.GetUtcNow(), reason);
        }

        if (isNew)
            _observer.OnDown(this, use.Member, reason);
    }

    public void Release(PoolUse use, bool wasDecided)
    {
        lock (_lock)
        {
            use.Member.Active--;
            if (use.IsProbe && !wasDecided)
                use.Member.Breaker?.Leave();
        }
    }

    /// <summary>Describes the members.</summary>
    public ImmutableArray<TargetStatus> Describe()
    {
        lock (_lock)
            return [.. _members.Select(member => member.Describe())];
    }

    // Fills the list with the members that a client can get.
    private bool FindUsableLocked(IReadOnlyCollection<PoolMember> tried, TargetDefinition? sameTarget, ref bool? panics)
    {
        var panicking = IsBelowPanicThresholdLocked();
        if (panicking != _isPanicking)
            (_isPanicking, panics) = (panicking, panicking);
        return Fill(backup: false) || Fill(backup: true);

        bool Fill(bool backup)
        {
            _usable.Clear();
            foreach (var member in _members)
            {
                if (member.IsBackup == backup && (
                    sameTarget is null || ReferenceEquals(member.Target, sameTarget)) && CanUse(member, tried))
                    _usable.Add(member);
            }

            return _usable.Count > 0;
        }
    }

    private bool CanUse(PoolMember member, IReadOnlyCollection<PoolMember> tried) =>
        member.Weight > 0 && member.HasRoom && (_isPanicking || member.IsHealthy) && !tried.Contains(member);

    private bool IsBelowPanicThresholdLocked()
    {
        if (Policy.PanicThreshold == 0)
            return false;
        var (all, healthy) = (0, 0);
        foreach (var member in _members)
        {
            if (member.IsBackup)
                continue;
            all++;
            healthy += member.IsHealthy ? 1 : 0;
        }

        return healthy * 100L < (long)all * Policy.PanicThreshold;
    }

    private CircuitBreaker? MakeBreaker() => Policy.Breaker is { } settings ? new CircuitBreaker(settings, _time) : null;

    // Makes the members anew from the addresses that are known of the targets; those that stay keep what is known of them.
    private void AdoptLocked()
    {
        var before = new Dictionary<(string Host, IPEndPoint Address), PoolMember>();
        foreach (var member in _members)
            before.TryAdd((member.Target.Host, member.Address), member);
        var after = new List<PoolMember>();
        foreach (var target in _addresses.Targets)
        {
            foreach (var address in target.Addresses.Distinct())
            {
                var endPoint = new IPEndPoint(address, target.Definition.Port ?? _spec.Port);
                if (before.Remove((target.Definition.Host, endPoint), out var member))
                    member.Target = target.Definition;
                else
                    member = new PoolMember(target.Definition, endPoint, _time) { Breaker = MakeBreaker() };
                after.Add(member);
            }
        }

        foreach (var gone in before.Values)
            gone.IsGone = true;
        Volatile.Write(ref _members, [.. after]);
    }
}
