using Tunnel.Hub.Events;

namespace Tunnel.Hub;

// The events of a hub and their subscribers; TunnelHub.cs has everything else.
public sealed partial class TunnelHub
{
    private readonly Lock _subscriptions = new();
    private EventHandler<StreamOpenedEvent>? _streamOpened;
    private EventHandler<StreamClosedEvent>? _streamClosed;

    /// <summary>Raised when an edge has its first tunnel.</summary>
    public event EventHandler<EdgeConnectedEvent>? EdgeConnected;

    /// <summary>Raised when an edge has lost its last tunnel.</summary>
    public event EventHandler<EdgeDisconnectedEvent>? EdgeDisconnected;

    /// <summary>Raised when a tunnel has authenticated.</summary>
    public event EventHandler<TunnelConnectedEvent>? TunnelConnected;

    /// <summary>Raised when a tunnel has ended.</summary>
    public event EventHandler<TunnelDisconnectedEvent>? TunnelDisconnected;

    /// <summary>Raised when a tunnel has lost its connection and waits for another one.</summary>
    public event EventHandler<TunnelLostEvent>? TunnelLost;

    /// <summary>Raised when a tunnel that had lost its connection goes on over another one.</summary>
    public event EventHandler<TunnelResumedEvent>? TunnelResumed;

    /// <summary>Raised when a new tunnel was told its ports.</summary>
    public event EventHandler<PortsAssignedEvent>? PortsAssigned;

    /// <summary>Raised when a connected edge was sent a change of its ports.</summary>
    public event EventHandler<PortsUpdatedEvent>? PortsUpdated;

    /// <summary>Raised when an edge has said which of its ports it could bind.</summary>
    public event EventHandler<PortsAppliedEvent>? PortsApplied;

    /// <summary>Raised when an edge has reported its public address for the first time, or a different one.</summary>
    public event EventHandler<PublicIpDiscoveredEvent>? PublicIpDiscovered;

    /// <summary>Raised when an edge has applied a firewall configuration, or could not.</summary>
    public event EventHandler<FirewallConfigUpdatedEvent>? FirewallConfigUpdated;

    /// <summary>Raised when somebody else has changed the packet filter of an edge's machine.</summary>
    public event EventHandler<FirewallDriftedEvent>? FirewallDrifted;

    /// <summary>Raised when the upstream of a port seems not to expect a PROXY header.</summary>
    public event EventHandler<ProxyHeaderDoubtedEvent>? ProxyHeaderDoubted;

    /// <summary>Raised when a second process came with the id of an edge that is alive.</summary>
    public event EventHandler<EdgeConflictEvent>? EdgeConflict;

    /// <summary>Raised when an edge that awaits the hub can't be dialled.</summary>
    public event EventHandler<EdgeDialFailedEvent>? EdgeDialFailed;

    /// <summary>Raised when somebody has added, changed or removed allowed edges.</summary>
    public event EventHandler<EdgesChangedEvent>? EdgesChanged;

    /// <summary>Raised when somebody has blocked a source for a while.</summary>
    public event EventHandler<SourceBlockedEvent>? SourceBlocked;

    /// <summary>Raised when somebody has lifted a block.</summary>
    public event EventHandler<SourceUnblockedEvent>? SourceUnblocked;

    /// <summary>Raised when the hub has started after a run that ended without a proper stop.</summary>
    public event EventHandler<CrashRecoveredEvent>? CrashRecovered;

    /// <summary>Raised when the hub could not recover the state of an interrupted run: <see cref="StartAsync"/> throws.</summary>
    public event EventHandler<CrashRecoveryFailedEvent>? CrashRecoveryFailed;

    /// <summary>
    /// Raised when a client has connected. There may be thousands a second; they are made only while there are subscribers.
    /// </summary>
    public event EventHandler<StreamOpenedEvent>? StreamOpened
    {
        add => Subscribe(ref _streamOpened, value, add: true);
        remove => Subscribe(ref _streamOpened, value, add: false);
    }

    /// <summary>Raised when a client's connection has ended. See <see cref="StreamOpened"/>.</summary>
    public event EventHandler<StreamClosedEvent>? StreamClosed
    {
        add => Subscribe(ref _streamClosed, value, add: true);
        remove => Subscribe(ref _streamClosed, value, add: false);
    }

    private bool StreamsRaised => _streamOpened is not null || _streamClosed is not null;

    private void Subscribe<TEvent>(ref EventHandler<TEvent>? handlers, EventHandler<TEvent>? handler, bool add)
    {
        lock (_subscriptions)
            handlers = add ? handlers + handler : handlers - handler;
        if (_events is { } events)
            events.StreamsRaised = StreamsRaised;
    }

    private void Raise(HubEvent raised)
    {
        switch (raised)
        {
            case EdgeConnectedEvent e:
                Raise(EdgeConnected, e);
                break;
            case EdgeDisconnectedEvent e:
                Raise(EdgeDisconnected, e);
                break;
            case TunnelConnectedEvent e:
                Raise(TunnelConnected, e);
                break;
            case TunnelDisconnectedEvent e:
                Raise(TunnelDisconnected, e);
                break;
            case TunnelLostEvent e:
                Raise(TunnelLost, e);
                break;
            case TunnelResumedEvent e:
                Raise(TunnelResumed, e);
                break;
            case PortsAssignedEvent e:
                Raise(PortsAssigned, e);
                break;
            case PortsUpdatedEvent e:
                Raise(PortsUpdated, e);
                break;
            case PortsAppliedEvent e:
                Raise(PortsApplied, e);
                break;
            case PublicIpDiscoveredEvent e:
                Raise(PublicIpDiscovered, e);
                break;
            case FirewallConfigUpdatedEvent e:
                Raise(FirewallConfigUpdated, e);
                break;
            case ProxyHeaderDoubtedEvent e:
                Raise(ProxyHeaderDoubted, e);
                break;
            case FirewallDriftedEvent e:
                Raise(FirewallDrifted, e);
                break;
            case EdgeConflictEvent e:
                Raise(EdgeConflict, e);
                break;
            case EdgeDialFailedEvent e:
                Raise(EdgeDialFailed, e);
                break;
            case EdgesChangedEvent e:
                Raise(EdgesChanged, e);
                break;
            case SourceBlockedEvent e:
                Raise(SourceBlocked, e);
                break;
            case SourceUnblockedEvent e:
                Raise(SourceUnblocked, e);
                break;
            case CrashRecoveryFailedEvent e:
                Raise(CrashRecoveryFailed, e);
                break;
            case CrashRecoveredEvent e:
                Raise(CrashRecovered, e);
                break;
            case StreamOpenedEvent e:
                Raise(_streamOpened, e);
                break;
            case StreamClosedEvent e:
                Raise(_streamClosed, e);
                break;
        }
    }

    // The handlers are called one by one, because a subscriber that throws must not keep the event from the others.
    private void Raise<TEvent>(EventHandler<TEvent>? handlers, TEvent raised)
        where TEvent : HubEvent
    {
        foreach (var handler in Delegate.EnumerateInvocationList(handlers))
        {
            try
            {
                handler(this, raised);
            }
            catch (Exception e)
            {
                HubLog.SubscriberFailed(_logger, e, typeof(TEvent).Name);
            }
        }
    }
}
