using System.Collections.Immutable;
using Tunnel.Edge.Configuration;
using Tunnel.Edge.PublicAddress;
using Tunnel.Shared.Guarding;
using Tunnel.Shared.Protocol;
using Tunnel.Shared.Transport;

namespace Tunnel.Edge.Connecting;

/// <summary>
/// The tunnels to all hubs of the edge. A new client goes to a hub that answers and has the configuration in force: of several, to the one
/// with the least load or the first in order. With one hub, its connector is asked itself, and nothing here runs.
/// </summary>
internal sealed class HubConnections : ITunnelSource, IDisposable
{
    /// <summary>How often each hub is asked for a sign of life, so that a hub that stops is noticed before its clients give up.</summary>
    internal static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(250);

    /// <summary>How many questions a hub may leave open before new clients go to others: they do within 2 s of its last word.</summary>
    internal const int SilenceLimit = 5;

    private readonly HubPreference _prefer;
    private readonly ITimer? _watch;
    private uint _turn;
    private volatile bool _isAnySilent;

    /// <param name="links">The hubs in their order, at least one, whose connectors share their totals and their signal.</param>
    /// <param name="prefer">Which of them gets a new client.</param>
    /// <param name="time">The clock.</param>
    public HubConnections(ImmutableArray<HubLink> links, HubPreference prefer, TimeProvider time)
    {
        (Links, _prefer) = (links, prefer);
        if (links.Length > 1)
            _watch = time.CreateGuardedTimer(static self => self.Look(), this, LookInterval, LookInterval);
    }

    /// <summary>The hubs in their order.</summary>
    public ImmutableArray<HubLink> Links { get; }

    /// <summary>Where clients get their tunnels from.</summary>
    public ITunnelSource Source => Links is [var only] ? only.Connector : this;

    /// <summary>The first hub that is connected; when none is, the first.</summary>
    public HubLink Main => Links.FirstOrDefault(static link => link.Connector.Status.Connected) ?? Links[0];

    /// <summary>Why the hubs are not as redundant as they seem; nothing with one hub.</summary>
    public ImmutableArray<string> Warnings => Links.Length == 1
        ? []
        : HubIdentity.FindFaults([.. Links.Select(static link => link.Identify()).OfType<HubIdentity>()]);

    public TunnelTotals Totals => Links[0].Connector.Totals;

    public Task Changed => Links[0].Connector.Signal.Next;

    public ITunnel? Current
    {
        get
        {
            ITunnel? best = null;
            var least = (Faults: HubFaults.All, Silence: int.MaxValue, Load: int.MaxValue);
            var start = _prefer == HubPreference.Load ? NextStart() : 0;
            for (var i = 0; i < Links.Length; i++)
            {
                var link = Links[(start + i) % Links.Length];
                if (link.Connector.Current is not { } tunnel)
                    continue;
                var faults = FaultsOf(link, tunnel);
                // Where all seem silent, the one that has spoken last is the best guess.
                var silence = (faults & HubFaults.Silent) == 0 ? 0 : link.SilenceIn(tunnel);
                var load = _prefer == HubPreference.Load ? tunnel.ActiveStreams + tunnel.ActiveSessions : 0;
                if (best is null || (faults, silence, load).CompareTo(least) < 0)
                    (best, least) = (tunnel, (faults, silence, load));
            }

            return best;
        }
    }

    public TimeSpan? GoneFor(ITunnel tunnel)
    {
        if (!_isAnySilent && !tunnel.IsLost && !tunnel.IsInDoubt)
            return null;
        TimeSpan? longest = null;
        foreach (var link in Links)
        {
            if (link.GoneFor(tunnel) is { } gone && !(longest >= gone))
                longest = gone;
        }

        return longest;
    }

    public TunnelKey KeyOf(ITunnel tunnel) =>
        Links.Select(link => link.Connector.KeyOf(tunnel)).FirstOrDefault(static key => key != default);

    /// <summary>Sets this machine's public address, of which each hub is told.</summary>
    public PublicAddresses PublicAddress
    {
        set
        {
            foreach (var link in Links)
                link.Connector.PublicAddress = value;
        }
    }

    /// <inheritdoc cref="TunnelConnector.OnNetworkChanged"/>
    public void OnNetworkChanged()
    {
        foreach (var link in Links)
            link.Connector.OnNetworkChanged();
    }

    /// <summary>Keeps the tunnels until cancelled.</summary>
    /// <returns>The loop of each hub.</returns>
    public ImmutableArray<Task> Run(CancellationToken cancellationToken) =>
        [.. Links.Select(link => Task.Run(() => link.Connector.RunAsync(cancellationToken), CancellationToken.None))];

    /// <inheritdoc cref="TunnelConnector.CloseAsync"/>
    public Task CloseAsync(TimeSpan drain) => Task.WhenAll(Links.Select(link => link.Connector.CloseAsync(drain)));

    public void Dispose() => _watch?.Dispose();

    // Hubs with the same load take turns. This is asked once or several times for a client, so turns must not be a plain count: multiples
    // of the golden ratio are spread evenly, however many are left out.
    private int NextStart() =>
        (int)(((ulong)(Interlocked.Increment(ref _turn) * 0x9E37_79B9u) * (uint)Links.Length) >> 32);

    // A tunnel that is not the link's has left nothing open there.
    private static bool IsSilent(HubLink link, ITunnel tunnel) => link.IsSilentIn(tunnel) || tunnel.IsInDoubt;

    // The worst fault of a hub decides, whatever else may be wrong with others.
    private static HubFaults FaultsOf(HubLink link, ITunnel tunnel) =>
        (tunnel.IsLost ? HubFaults.Lost : 0)
        | (link.Connector.TakesClients ? 0 : HubFaults.TakesNobody)
        | (IsSilent(link, tunnel) ? HubFaults.Silent : 0)
        | (link.Record.IsOutdated ? HubFaults.Outdated : 0)
        | (tunnel.HasRoom ? 0 : HubFaults.NoRoom);

    private void Look()
    {
        var isAnySilent = false;
        foreach (var link in Links)
            isAnySilent |= link.Look();
        _isAnySilent = isAnySilent;
    }

    /// <summary>The faults of a hub that speak against it for a new client, the least first.</summary>
    [Flags]
    private enum HubFaults
    {
        NoRoom = 1,
        Outdated = 2,
        Silent = 4,
        TakesNobody = 8,
        Lost = 16,
        All = 31,
    }
}
