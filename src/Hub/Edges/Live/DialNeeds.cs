using Tunnel.Shared.Transport;

namespace Tunnel.Hub.Edges.Live;

/// <summary>Tells the hub what it has to know to dial an edge: whether it lacks a connection, and for how many it asks.</summary>
/// <param name="registryLock">The lock of the registry.</param>
/// <param name="slots">The edges of the registry, read under its lock.</param>
/// <param name="maxLanes">The number of connections that a tunnel may have.</param>
internal sealed class DialNeeds(Lock registryLock, Dictionary<string, EdgeSlot> slots, int maxLanes)
{
    /// <summary>
    /// Raised when an edge has fewer connections than before, or asks for so many (else 0). Called by tunnels' read loops.
    /// </summary>
    public event Action<string, int>? Changed;

    /// <summary>Returns the connections that an edge has.</summary>
    public DialState StateOf(string edgeId)
    {
        lock (registryLock)
        {
            if (!slots.TryGetValue(edgeId, out var slot) || slot.Tunnels.TrueForAll(static live => live.IsDraining || live.IsCrowdedOut))
                return DialState.Nothing;
            return slot.Tunnels.TrueForAll(static live => live.IsDraining || live.IsCrowdedOut || IsLost(live.Tunnel!))
                ? DialState.Lost
                : DialState.Connected;
        }
    }

    /// <summary>Makes sure of the tunnels that this hub has dialled, since this machine's addresses have changed.</summary>
    public void Suspect()
    {
        lock (registryLock)
        {
            foreach (var live in slots.Values.SelectMany(static slot => slot.Tunnels))
                live.Tunnel!.Suspect();
        }
    }

    // An edge that does not answer may be reached over another connection, which it takes when it has lost the old one too.
    private static bool IsLost(ITunnel tunnel) => tunnel.IsLost || tunnel.IsInDoubt;

    /// <summary>Notes that a tunnel of an edge has lost its connection or is in doubt, takes no new streams, or has ended.</summary>
    public void OnLess(string edgeId) => Changed?.Invoke(edgeId, 0);

    /// <summary>Notes that an edge asks for connections. One for each lane and for a tunnel beside them is all that it can use.</summary>
    public void OnWanted(string edgeId, int count) => Changed?.Invoke(edgeId, Math.Min(count, maxLanes + 1));
}

/// <summary>The state of an edge's connections with the hub.</summary>
internal enum DialState
{
    /// <summary>There is no tunnel that takes new streams.</summary>
    Nothing,

    /// <summary>A tunnel waits for another connection, or its edge does not answer.</summary>
    Lost,

    /// <summary>There is a tunnel with a connection.</summary>
    Connected,
}
