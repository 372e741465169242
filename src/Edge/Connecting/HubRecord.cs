using Tunnel.Shared.Protocol.Messages;

namespace Tunnel.Edge.Connecting;

/// <summary>The edge's knowledge of one of its hubs beside its tunnels. One loop changes it, and any thread reads it.</summary>
internal sealed class HubRecord(PinStore pins)
{
    private volatile HubInfo? _info;
    private volatile bool _isOutdated;

    /// <summary>The pins of its certificate.</summary>
    public PinStore Pins => pins;

    /// <summary>The hub's description of itself in its present tunnel; null without a tunnel, and of a hub that says nothing.</summary>
    public HubInfo? Info
    {
        get => _info;
        set => _info = value;
    }

    /// <summary>Whether it has sent an older configuration than the one in force, and another one.</summary>
    public bool IsOutdated
    {
        get => _isOutdated;
        set => _isOutdated = value;
    }
}
