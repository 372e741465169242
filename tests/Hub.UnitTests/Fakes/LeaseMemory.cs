using System.Collections.Concurrent;
using Tunnel.Hub.Keeping;

namespace Tunnel.Hub.UnitTests.Fakes;

/// <summary>Keeps leases in memory.</summary>
internal sealed class LeaseMemory : ILeaseTable
{
    private readonly Lock _lock = new();

    public ConcurrentDictionary<string, Lease> Rows { get; } = new(StringComparer.Ordinal);

    public bool IsAway { get; set; }

    public Task<IReadOnlyList<Lease>> ReadAsync(CancellationToken cancellationToken) =>
        AnswerAsync<IReadOnlyList<Lease>>(() => [.. Rows.Values]);

    public Task<IReadOnlySet<string>> TakeAsync(
        string holder, IReadOnlyList<Lease> seen, bool isNews, CancellationToken cancellationToken) =>
        AnswerAsync<IReadOnlySet<string>>(() =>
    {
        var mine = new HashSet<string>(StringComparer.Ordinal);
        foreach (var lease in seen)
        {
            var row = Rows.GetValueOrDefault(lease.Name);
            if (row is null ? lease.Holder != "" : (row.Holder, row.Number) != (lease.Holder, lease.Number))
                continue;
            Rows[lease.Name] = new Lease(lease.Name, holder, lease.Number + 1, lease.IsFailing);
            mine.Add(lease.Name);
        }

        return mine;
    });

    public Task ReleaseAsync(string holder, IReadOnlyCollection<string> names, CancellationToken cancellationToken) => AnswerAsync(() =>
    {
        foreach (var name in names)
        {
            if (Rows.GetValueOrDefault(name)?.Holder == holder)
                Rows.TryRemove(name, out _);
        }

        return true;
    });

    private Task<T> AnswerAsync<T>(Func<T> answer)
    {
        lock (_lock)
            return IsAway ? Task.FromException<T>(new StateUnavailableException("away")) : Task.FromResult(answer());
    }
}
