namespace Tunnel.Hub.Keeping;

/// <summary>A lease as the shared place has it: who holds something that only one of the hubs may do at a time.</summary>
/// <param name="Name">What is held.</param>
/// <param name="Holder">The hub that holds it; empty: nobody.</param>
/// <param name="Number">Grows with each renewal, so that others see that the holder lives; they need no clock that agrees with its.</param>
/// <param name="IsFailing">Whether the holder can't do what it holds this for, so that another hub may try.</param>
internal sealed record Lease(string Name, string Holder, long Number, bool IsFailing);

/// <summary>The leases that hubs share.</summary>
internal interface ILeaseTable
{
    /// <summary>Reads all of them.</summary>
    /// <exception cref="StateUnavailableException">The shared place can't be reached.</exception>
    Task<IReadOnlyList<Lease>> ReadAsync(CancellationToken cancellationToken);

    /// <summary>Takes or renews leases, each only if it is still as it was seen.</summary>
    /// <param name="holder">The hub that does.</param>
    /// <param name="seen">What it has seen, with the holder and number of then; whether it is failing is what it is to be.</param>
    /// <param name="isNews">Whether the others are to look at once.</param>
    /// <param name="cancellationToken">Cancels it.</param>
    /// <returns>The names of those that are the hub's now.</returns>
    /// <exception cref="StateUnavailableException">The shared place can't be reached.</exception>
    Task<IReadOnlySet<string>> TakeAsync(string holder, IReadOnlyList<Lease> seen, bool isNews, CancellationToken cancellationToken);

    /// <summary>Lets go of leases and tells the others.</summary>
    /// <exception cref="StateUnavailableException">The shared place can't be reached.</exception>
    Task ReleaseAsync(string holder, IReadOnlyCollection<string> names, CancellationToken cancellationToken);
}
