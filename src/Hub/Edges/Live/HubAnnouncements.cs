using System.Collections.Immutable;
using Tunnel.Shared.Protocol.Messages;

namespace Tunnel.Hub.Edges.Live;

/// <summary>
/// What edges are told of the hub's future (protocol.md section 7): the pins to accept and the hub's new address; and which edges have
/// accepted which of them. Used under the registry's lock.
/// </summary>
internal sealed class HubAnnouncements
{
    private readonly Dictionary<string, ImmutableArray<string>> _pins = [];
    private readonly Dictionary<string, string> _addresses = [];

    /// <summary>The pins in each configuration.</summary>
    public ImmutableArray<string> Pins { get; set; } = [];

    /// <summary>The hub's future address as <c>HOST:PORT</c>; null when nothing is announced.</summary>
    public string? Address { get; set; }

    /// <summary>Returns what a configuration tells of the hub, with these announcements.</summary>
    public HubInfo ApplyTo(HubInfo hub) => hub with { Pins = Pins, Address = Address };

    /// <summary>Whether a configuration contains exactly these announcements.</summary>
    public bool AreIn(HubInfo hub) => hub.Pins.AsSpan().SequenceEqual(Pins.AsSpan()) && hub.Address == Address;

    /// <summary>Notes that the edge has applied a configuration.</summary>
    public void OnApplied(EdgeTunnel live, long revision)
    {
        if (live.Config.Hub is { } hub && hub.Rev == revision)
            _pins[live.EdgeId] = hub.Pins;
    }

    /// <summary>Notes that the edge has stored the hub's future address.</summary>
    public void OnKept(string edgeId, string address) => _addresses[edgeId] = address;

    public void Forget(string edgeId)
    {
        _pins.Remove(edgeId);
        _addresses.Remove(edgeId);
    }

    public bool KnowsPin(string edgeId, string pin) => _pins.TryGetValue(edgeId, out var pins) && pins.Contains(pin);

    public bool KnowsAddress(string edgeId, string address) => _addresses.GetValueOrDefault(edgeId) == address;
}
