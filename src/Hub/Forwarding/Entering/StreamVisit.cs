using Tunnel.Hub.Edges.Definitions;
using Tunnel.Hub.Traffic;
using Tunnel.Shared.Guarding;
using Tunnel.Shared.Protocol;
using Tunnel.Shared.Relay;
using Tunnel.Shared.Transport;

namespace Tunnel.Hub.Forwarding.Entering;

/// <summary>A client's stream at a port that wants to know more than its address before there is an upstream.</summary>
internal sealed class StreamVisit(
    TrafficKey port, PortPolicy policy, ConnectionId id, ITunnelStream stream, StreamOpening opening, TransportContext context)
{
    private HeldEndpoint? _held;
    private Func<ILocalEndpoint, ILocalEndpoint>? _observe;

    public TrafficKey Port => port;

    public PortPolicy Policy => policy;

    public ConnectionId Id => id;

    public StreamOpening Opening => opening;

    /// <summary>Another upstream than the port's; null: the port's own.</summary>
    public (string Host, int Port)? Target { get; set; }

    /// <summary>The host name that the client asked for; null when not known.</summary>
    public string? ServerName { get; set; }

    /// <summary>The route of that name; null: the client gets the port's own upstream.</summary>
    public NamedRoute? Route { get; set; }

    /// <summary>The fields that the upstream is told, where its header is of version 2.</summary>
    public HeaderFields Fields { get; set; } = null!;

    /// <summary>Whether hooks have added to <see cref="Fields"/>.</summary>
    public bool HasExtra { get; set; }

    /// <summary>The client's bytes inside of its TLS; null where TLS does not end here.</summary>
    public SecuredStream? Secured { get; private set; }

    /// <summary>Takes the client's first bytes, which are kept for whoever gets the stream in the end.</summary>
    public HeldEndpoint Hold(int limit)
    {
        _held = new HeldEndpoint(limit);
        stream.Attach(Limited(_held));
        return _held;
    }

    /// <summary>Gives the client's bytes, with those that are held, to TLS.</summary>
    public SecuredStream Secure()
    {
        Secured = new SecuredStream(stream);
        _held!.JoinAsync(Secured.Outside).AsTask().Guard("joining a client and its TLS");
        return Secured;
    }

    /// <summary>Lets hooks see what passes.</summary>
    public void Observe(Func<ILocalEndpoint, ILocalEndpoint> observe) => _observe = observe;

    /// <summary>Gives the stream its local end.</summary>
    public void Join(ILocalEndpoint endpoint)
    {
        var inner = Observed(endpoint);
        if (Secured is { } secured)
            secured.Attach(inner);
        else if (_held is null)
            stream.Attach(Limited(inner));
        else
            _held.JoinAsync(inner).AsTask().Guard("joining a client and its upstream");
    }

    /// <summary>An end that hooks see, if they want to.</summary>
    public ILocalEndpoint Observed(ILocalEndpoint endpoint) => _observe?.Invoke(endpoint) ?? endpoint;

    private ILocalEndpoint Limited(ILocalEndpoint endpoint) =>
        policy.DownloadRate is { } rate ? new RateLimitedEndpoint(endpoint, rate, context) : endpoint;
}
