using Tunnel.Shared.Guarding;

namespace Tunnel.Hub.Keeping;

/// <summary>
/// What this hub does alone among those that share their state, such as dialling an edge. A holder renews what it holds; another hub takes
/// it when it has watched it unrenewed for <see cref="Patience"/>, or at once when the holder lets go or says that it fails. While the
/// shared place is away, the holder goes on and nobody takes anything. Thread-safe.
/// </summary>
/// <param name="table">The leases that hubs share.</param>
/// <param name="holder">This hub: its name, a space, and what tells it from all others, which stays when it is started again.</param>
/// <param name="time">The clock, by which only what this hub has watched itself is timed.</param>
internal sealed class Leases(ILeaseTable table, string holder, TimeProvider time)
{
    /// <summary>
    /// How long a lease is watched unrenewed before it is taken: longer than its holder may need to find the database again.
    /// </summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    /// <summary>How long a hub that has failed leaves a lease to others that fail as well.</summary>
    internal static readonly TimeSpan RestOfFailed = TimeSpan.FromSeconds(30);

    // This is below the time between two looks, so that each renews, but not one for each notice of a change.
    private static readonly TimeSpan RenewAfter = TimeSpan.FromSeconds(4);

    // A pause in which the database was away says nothing about holders.
    private static readonly TimeSpan LongestGap = TimeSpan.FromSeconds(10);

    // A stop does not wait longer for a database that does not answer.
    private static readonly TimeSpan ReleaseLimit = TimeSpan.FromSeconds(2);

    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly Dictionary<string, WantedLease> _wanted = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (Lease Lease, long Since)> _seen = new(StringComparer.Ordinal);
    private LeaseLooks? _looks;
    private long? _lookedAt;
    private int _asked;
    private bool _hasBegun;
    private bool _isLeaving;
    private bool _isClosed;

    /// <summary>Called when a lease came to this hub or went to another one; not under a lock.</summary>
    public event Action<string>? Changed;

    /// <summary>Whether this hub has what a lease is for, so that it takes one whose holder fails.</summary>
    public Func<string, bool> IsInUse { get; set; } = static _ => false;

    /// <summary>Whether this hub holds it.</summary>
    public bool IsHeld(string name)
    {
        lock (_lock)
            return _wanted.GetValueOrDefault(name)?.IsHeld == true;
    }

    /// <summary>The name of the other hub that holds it; null: this one does, or nobody.</summary>
    public string? OtherHolder(string name)
    {
        lock (_lock)
            return _seen.TryGetValue(name, out var seen) && seen.Lease.Holder != holder ? seen.Lease.Holder.Split(' ')[0] : null;
    }

    /// <summary>
    /// Notes that all is added that this hub wants at its start: what else is left of the process before it is let go of from now on. From
    /// now on it also looks by itself where nobody has it look for some seconds.
    /// </summary>
    public void Begin()
    {
        lock (_lock)
        {
            if (_isClosed)
                return;
            _hasBegun = true;
            _looks ??= new LeaseLooks(LookSoon, time);
            _looks.Start();
        }

        LookSoon();
    }

    /// <summary>Takes nothing more from now on, and lets go of each lease once what it is for is no longer in use.</summary>
    public void Leave()
    {
        lock (_lock)
            _isLeaving = true;
        LookSoon();
    }

    /// <summary>Takes it as soon as it is free.</summary>
    public void Add(string name)
    {
        lock (_lock)
            _wanted.TryAdd(name, new WantedLease());
        LookSoon();
    }

    /// <summary>Lets go of it.</summary>
    public void Remove(string name)
    {
        lock (_lock)
            _wanted.Remove(name);
        LookSoon();
    }

    /// <summary>Notes whether this hub can do what it holds the lease for; while it can't, another hub may try.</summary>
    public void Note(string name, bool isFailing)
    {
        lock (_lock)
        {
            if (_wanted.GetValueOrDefault(name) is not { } want)
                return;
            want.FailedAt = isFailing ? time.GetTimestamp() : null;
            if (want.IsFailing == isFailing)
                return;
            want.IsFailing = isFailing;
        }

        LookSoon();
    }

    /// <summary>Looks without waiting for it, such as when what a lease is for may no longer be in use.</summary>
    public void LookSoon()
    {
        if (Interlocked.Exchange(ref _asked, 1) == 0)
            LookAsync().Guard("looking at the leases");
    }

    /// <summary>Renews what is held and takes what is free.</summary>
    /// <exception cref="StateUnavailableException">The shared place can't be reached.</exception>
    public async Task RefreshAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        HashSet<string> changed = [];
        try
        {
            if (!_isClosed)
                await RefreshInTurnAsync(changed, cancellationToken);
        }
        finally
        {
            _turn.Release();
            foreach (var name in changed)
                Changed?.Invoke(name);
        }
    }

    /// <summary>Renews and takes nothing more.</summary>
    /// <param name="isReleased">Whether others may take all at once; otherwise the process that replaces this one has it.</param>
    public async Task CloseAsync(bool isReleased)
    {
        await _turn.WaitAsync();
        try
        {
            string[] held;
            lock (_lock)
            {
                held = [.. _wanted.Where(static want => want.Value.IsHeld).Select(static want => want.Key)];
                _wanted.Clear();
            }

            using var limit = new CancellationTokenSource(ReleaseLimit, time);
            if (!_isClosed && isReleased && held.Length > 0)
                await table.ReleaseAsync(holder, held, limit.Token);
        }
        catch (Exception error) when (error is StateUnavailableException or OperationCanceledException)
        {
            // The others see that it is no longer renewed.
        }
        finally
        {
            lock (_lock)
            {
                _isClosed = true;
                _looks?.Dispose();
            }

            _turn.Release();
        }
    }

    private async Task LookAsync()
    {
        // Others may ask until this call has its turn.
        await Task.Yield();
        Volatile.Write(ref _asked, 0);
        try
        {
            await RefreshAsync(CancellationToken.None);
        }
        catch (StateUnavailableException)
        {
            // The next look comes by itself, and whoever watches the database says it.
        }
    }

    private async Task RefreshInTurnAsync(HashSet<string> changed, CancellationToken cancellationToken)
    {
        _looks?.Note();
        var rows = await table.ReadAsync(cancellationToken);
        List<Lease> taken = [];
        string[] left;
        bool isNews;
        lock (_lock)
        {
            NoteSeen(rows, changed);
            foreach (var (name, want) in _wanted)
            {
                if (ToTake(name, want) is { } lease)
                    taken.Add(lease);
            }

            left = [.. rows.Where(row => row.Holder == holder && IsLeft(row.Name)).Select(static row => row.Name)];
            isNews = taken.Exists(lease => lease.Holder != holder || lease.IsFailing != _seen[lease.Name].Lease.IsFailing);
        }

        if (taken.Count > 0)
            NoteTaken(taken, await table.TakeAsync(holder, taken, isNews, cancellationToken), changed);
        if (left.Length > 0)
            await table.ReleaseAsync(holder, left, cancellationToken);
    }

    // Under the lock. Before the start is done nobody knows what is wanted, and the process before may still be there.
    private bool IsLeft(string name) => _wanted.ContainsKey(name) ? _isLeaving && !IsInUse(name) : _hasBegun;

    // Under the lock.
    private void NoteSeen(IReadOnlyList<Lease> rows, HashSet<string> changed)
    {
        var now = time.GetTimestamp();
        if (_lookedAt is not { } before || time.GetElapsedTime(before, now) > LongestGap)
            _seen.Clear();
        _lookedAt = now;
        foreach (var gone in _seen.Keys.Except(rows.Select(static row => row.Name), StringComparer.Ordinal).ToArray())
            _seen.Remove(gone);
        foreach (var row in rows)
        {
            if (!_seen.TryGetValue(row.Name, out var old) || old.Lease != row)
                _seen[row.Name] = (row, now);
        }

        foreach (var (name, want) in _wanted)
            SetHeld(name, want, _seen.TryGetValue(name, out var seen) && seen.Lease.Holder == holder, changed);
    }

    /// <returns>The lease as it was seen, with what is to be said of this hub; null: it is not to be changed.</returns>
    private Lease? ToTake(string name, WantedLease want)
    {
        if (_isLeaving && (!IsInUse(name) || !_seen.TryGetValue(name, out var own) || own.Lease.Holder != holder))
            return null;
        if (!_seen.TryGetValue(name, out var seen))
            return new Lease(name, "", 0, IsFailing: false);
        var age = time.GetElapsedTime(seen.Since);
        if (seen.Lease.Holder == holder)
        {
            return age >= RenewAfter || want.RenewedAt is not { } renewed || time.GetElapsedTime(renewed) >= RenewAfter
                || want.IsFailing != seen.Lease.IsFailing
                ? seen.Lease with { IsFailing = want.IsFailing }
                : null;
        }

        var isFree = age >= Patience || (seen.Lease.IsFailing && (IsInUse(name) || MayTry(want)));
        return isFree ? seen.Lease with { IsFailing = false } : null;
    }

    private bool MayTry(WantedLease want) => want.FailedAt is not { } failed || time.GetElapsedTime(failed) >= RestOfFailed;

    private void NoteTaken(List<Lease> taken, IReadOnlySet<string> mine, HashSet<string> changed)
    {
        lock (_lock)
        {
            foreach (var lease in taken)
            {
                if (_wanted.GetValueOrDefault(lease.Name) is not { } want)
                    continue;
                var isMine = mine.Contains(lease.Name);
                want.RenewedAt = isMine ? time.GetTimestamp() : null;
                if (isMine)
                    _seen[lease.Name] = (lease with { Holder = holder, Number = lease.Number + 1 }, time.GetTimestamp());
                SetHeld(lease.Name, want, isMine, changed);
            }
        }
    }

    private static void SetHeld(string name, WantedLease want, bool isHeld, HashSet<string> changed)
    {
        if (want.IsHeld == isHeld)
            return;
        want.IsHeld = isHeld;
        want.IsFailing = false;
        if (!changed.Remove(name))
            changed.Add(name);
    }
}
