using System.Collections.Immutable;
using Tunnel.Edge.Connecting;
using Tunnel.Edge.Firewall;

namespace Tunnel.Edge.Configuring;

/// <summary>
/// Decides which hub's configuration is in force: of the hubs with a tunnel, that of the one whose state of this edge has the highest
/// revision. Of several with the same, the one that is in force stays, or else the first in order counts. The timed blocks of all hubs
/// that want the same firewall are in force together, since a block is no part of that state: a hub that can't reach the database that it
/// shares lacks the newest ones, and its state is the newest all the same. Pure but for the clock, for one thread.
/// </summary>
/// <param name="time">Tells how long a block has been known.</param>
internal sealed class ConfigElection(TimeProvider time)
{
    private readonly SortedDictionary<int, Candidate> _present = [];
    private Candidate? _inForce;
    private ImmutableArray<ReceivedBlocks> _further = [];

    /// <summary>The configuration in force; null when there is none, or none may be.</summary>
    public ReceivedConfig? InForce => _inForce?.Received;

    /// <summary>The newest configuration of each hub that has a tunnel.</summary>
    public ImmutableArray<ReceivedConfig> Present => [.. _present.Values.Select(candidate => candidate.Received)];

    /// <summary>
    /// The hubs that are told what became of the firewall, with their blocks: the one whose configuration is in force, then the others.
    /// </summary>
    public ImmutableArray<AskingHub> Asking => _inForce is not { } inForce ? [] :
    [
        Describe(inForce, isInForce: true),
        .. _present.Values.Where(candidate => candidate.Hub != inForce.Hub).Select(
            candidate => Describe(candidate, candidate.HasFirewallOf(inForce))),
    ];

    /// <summary>Takes what came from a hub.</summary>
    /// <returns>Whether <see cref="InForce"/> is to be applied; false when an edge would see no difference.</returns>
    public bool Take(ReceivedConfig received)
    {
        if (received.IsGone || received.IsRelease)
            _present.Remove(received.Hub);
        else
            _present[received.Hub] = new Candidate(received, time.GetTimestamp());
        var before = _inForce;
        if (_present.Count > 0)
            _inForce = _present.Values.Where(IsOfNewestState).MinBy(candidate => candidate.Hub == before?.Hub ? -1 : candidate.Hub);
        else if (received.IsRelease)
            _inForce = null;
        var isBlockNews = NoteFurtherBlocks();
        if (_inForce is null || ReferenceEquals(_inForce, before))
            return isBlockNews;
        // What the same hub sends again, after a new connection, is applied again; from another hub the same is nothing new.
        return isBlockNews || before is null || before.Hub == _inForce.Hub || !before.IsSameAs(_inForce);
    }

    /// <summary>Whether a hub that has a tunnel has sent something older than what is in force.</summary>
    public bool IsOutdated(ReceivedConfig config) =>
        _inForce is { } inForce && _present.TryGetValue(config.Hub, out var candidate) && candidate.State < inForce.State
        && !candidate.IsWrittenAs(inForce);

    /// <returns>Whether there are other blocks than before, beside those of the configuration in force.</returns>
    private bool NoteFurtherBlocks()
    {
        // Without a tunnel what is in force stays, whosever it is.
        if (_present.Count == 0)
            return false;
        var before = _further;
        _further = _inForce is not { } inForce ? [] :
        [
            .. _present.Values.Where(candidate => candidate.Hub != inForce.Hub && candidate.HasFirewallOf(inForce))
                .Select(candidate => candidate.Blocks).OfType<ReceivedBlocks>(),
        ];
        return _inForce is not null && !_further.AsSpan().SequenceEqual(before.AsSpan());
    }

    private bool IsOfNewestState(Candidate candidate) => candidate.State == _present.Values.Max(other => other.State);

    private static AskingHub Describe(Candidate candidate, bool isInForce) =>
        new(candidate.Received.Tunnel, candidate.Received.Revision, isInForce) { Blocks = candidate.Blocks };
}
