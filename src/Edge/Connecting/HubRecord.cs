namespace Tunnel.Edge.Connecting;

/// <summary>What the edge knows of one of its hubs beside its tunnels. One loop changes it, and any thread reads it.</summary>
internal sealed class HubRecord(PinStore pins)
{
    private long _state = -1;
    private volatile bool _isOutdated;

    /// <summary>The pins of its certificate.</summary>
    public PinStore Pins => pins;

    /// <summary>The revision of its state, as its present tunnel says; null without a tunnel, or when the hub does not say.</summary>
    public long? State
    {
        get => Volatile.Read(ref _state) is >= 0 and var state ? state : null;
        set => Volatile.Write(ref _state, value ?? -1);
    }

    /// <summary>Whether it has sent an older configuration than the one in force, and another one.</summary>
    public bool IsOutdated
    {
        get => _isOutdated;
        set => _isOutdated = value;
    }
}
