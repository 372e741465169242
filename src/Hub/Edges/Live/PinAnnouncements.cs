using System.Collections.Immutable;

namespace Tunnel.Hub.Edges.Live;

/// <summary>The pins that edges are told (protocol.md section 7), and which edges have taken up which. Under the registry's lock.</summary>
internal sealed class PinAnnouncements
{
    private readonly Dictionary<string, ImmutableArray<string>> _known = [];

    /// <summary>What each configuration says.</summary>
    public ImmutableArray<string> Current { get; set; } = [];

    /// <summary>The edge has applied a configuration.</summary>
    public void OnApplied(EdgeTunnel live, long revision)
    {
        if (live.Config.Hub is { } hub && hub.Rev == revision)
            _known[live.EdgeId] = hub.Pins;
    }

    public void Forget(string edgeId) => _known.Remove(edgeId);

    public bool Knows(string edgeId, string pin) => _known.TryGetValue(edgeId, out var pins) && pins.Contains(pin);
}
