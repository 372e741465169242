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
    private readonly IMemberChecks _checks;
    private readonly IPoolObserver _observer;
    private readonly TimeProvider _time;
    private readonly PoolChoice _choice;
    private PoolMember[] _members = [];
    private PoolSpec _spec;
    private TargetAddresses _addresses;
    private bool _isClosed;

    /// <param name="key">Which pool it is.</param>
    /// <param name="spec">What it is made of.</param>
    /// <param name="resolver">Resolves the names of targets.</param>
    /// <param name="checks">Checks the members.</param>
    /// <param name="observer">Is told of changes.</param>
    /// <param name="time">The clock.</param>
    /// <param name="random">Draws lots.</param>
    public TargetPool(PoolKey key, PoolSpec spec,
        TargetResolver resolver, IMemberChecks checks, IPoolObserver observer, TimeProvider time, Random? random = null)
    {
        Key = key;
        (_resolver, _checks, _observer, _time, _spec) = (resolver, checks, observer, time, spec);
        _choice = new PoolChoice(random ?? Random.Shared);
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
            {
                member.Breaker = MakeBreaker();
                member.Outage = null;
            }

            _addresses = _addresses.ChangeTo(spec.Targets);
            AdoptLocked();
        }
    }

    /// <summary>Ends the pool: sessions that can move leave it.</summary>
    public void Close()
    {
        lock (_lock)
        {
            _isClosed = true;
            foreach (var member in _members)
                LeaveLocked(member);
            Volatile.Write(ref _members, []);
        }
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
        var old = new List<TargetAddresses.Known>();
        lock (_lock)
        {
            if (_addresses.Refresh(_resolver, old))
                AdoptLocked();
        }

        foreach (var target in old)
            ResolveAsync(target).Guard("looking up a target");
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
        lock (_lock)
        {
            if (target.Take(addresses) && _addresses.Targets.Contains(target))
                AdoptLocked();
        }

    }

    /// <summary>Chooses a member for a client, and counts it as used until the use ends.</summary>
    /// <param name="source">The client's address; null when not known.</param>
    /// <param name="tried">The members that did not work for this client.</param>
    /// <param name="sameTarget">Only addresses of this target are wanted; null: of any.</param>
    /// <returns>Null when there is none that can be used.</returns>
    public PoolUse? Take(IPAddress? source, IReadOnlyCollection<PoolMember> tried, TargetDefinition? sameTarget = null)
    {
        bool hasChanged;
        bool isPanicking;
        PoolUse? use = null;
        lock (_lock)
        {
            hasChanged = _choice.Look(_members, Policy);
            isPanicking = _choice.IsPanicking;
            if (_choice.Choose(_members, Policy.Balance, source, tried, sameTarget) is { } member)
            {
                member.Active++;
                member.Total++;
                use = new PoolUse(this, member, member.Breaker?.Enter() == true, _time);
            }
        }

        if (hasChanged)
            _observer.OnPanic(this, isPanicking);
        return use;
    }

    /// <summary>Whether the member's target has another address that can be tried.</summary>
    public bool HasOther(PoolMember member, IReadOnlyCollection<PoolMember> tried)
    {
        lock (_lock)
            return _members.Any(other => ReferenceEquals(other.Target, member.Target) && _choice.CanUse(other, tried));
    }

    /// <summary>How many members there are now, of any state.</summary>
    public int Count => Volatile.Read(ref _members).Length;

    public bool IsEjected(PoolMember member)
    {
        lock (_lock)
            return member.IsGone || !member.IsAllowed || (!member.IsHealthy && !_choice.IsPanicking);
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
                BeginSlowly(member);
            }
        }

        if (hasClosed)
            _observer.OnUp(use.Member.Text, [Key], "its connections work again");
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
            // A member that is tried again and fails has not been up in between.
            isNew = member.Outage is null;
            member.Outage = (member.Outage?.Since ?? _time.GetUtcNow(), reason);
        }

        if (isNew)
            _observer.OnDown(use.Member.Text, [Key], reason);
    }

    /// <summary>Notes that a member has passed a check: it gets more of its weight back if it still comes back.</summary>
    /// <param name="member">The member.</param>
    /// <param name="isBack">Whether it was down before.</param>
    public void NoteGoodCheck(PoolMember member, bool isBack)
    {
        lock (_lock)
        {
            if (isBack)
                BeginSlowly(member);
            else
                member.SlowStart.Advance();
        }
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

    // With checks and no time given, each good check gives a quarter back.
    private void BeginSlowly(PoolMember member) =>
        member.SlowStart.Begin(Policy.SlowStart ?? (Policy.HealthCheck is null ? TimeSpan.Zero : null));

    // A member that is checked in the same way as before keeps its check, and what that has found.
    private void JoinLocked(PoolMember member)
    {
        var key = MemberCheckKey.Of(_spec, member);
        if (member.Check?.Key == key)
            return;
        member.Check?.Leave(this, member);
        member.Check = key is null ? null : _checks.Join(key, this, member);
    }

    private void LeaveLocked(PoolMember member)
    {
        member.IsGone = true;
        member.Check?.Leave(this, member);
    }

    private CircuitBreaker? MakeBreaker() => Policy.Breaker is { } settings ? new CircuitBreaker(settings, _time) : null;

    // Makes the members anew from the addresses that are known of the targets; those that stay keep what is known of them.
    private void AdoptLocked()
    {
        // A name may be answered after the end.
        if (_isClosed)
            return;
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
                member.IsAllowed = _spec.Rule.Allows(address);
                JoinLocked(member);
                after.Add(member);
            }
        }

        foreach (var gone in before.Values)
            LeaveLocked(gone);
        Volatile.Write(ref _members, [.. after]);
    }
}
