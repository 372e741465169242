using Microsoft.Extensions.Logging;
using Tunnel.Hub.Accepting;
using Tunnel.Hub.Configuration;
using Tunnel.Hub.Edges;
using Tunnel.Hub.Edges.Live;
using Tunnel.Hub.Events;
using Tunnel.Hub.Forwarding;
using Tunnel.Shared.Transport;

namespace Tunnel.Hub;

/// <summary>One run of the hub, from start to stop: its parts, joined in the order in which a client's bytes pass them.</summary>
internal sealed class HubRun : IDisposable
{
    private readonly StrangerRegistry _strangers;
    private readonly Task _accepting;

    /// <summary>Opens the tunnel port.</summary>
    public HubRun(
        TunnelHubOptions options, EdgeStore edges, HubCertificate certificate, HubEventFeed events, TimeProvider time, ILoggerFactory loggerFactory)
    {
        Options = options;
        Edges = edges;
        Certificate = certificate;
        Since = time.GetUtcNow();
        var limits = options.Limits;
        Context = new TransportContext(new FlowControlOptions { MemoryBudget = limits.MemoryBudget }, time, loggerFactory);

        var forwarding = Forwarding(options);
        var resolver = new TargetResolver(time);
        Streams = new StreamForwarder(forwarding, new UpstreamConnector(resolver, time), events, Context);
        Sessions = new SessionForwarder(forwarding, resolver, time, loggerFactory.CreateLogger<SessionForwarder>());
        Live = new LiveEdges(
            edges,
            new TunnelForwarder(Streams, Sessions),
            LiveEdgesOptions.Default with { MaxEdges = limits.Edges, Drain = options.DrainTimeout },
            events,
            time,
            loggerFactory);

        _strangers = new StrangerRegistry(new StrangerLimits(limits.Unauthenticated, limits.PerAddress, limits.AuthTimeout), time);
        FrontDoor = new FrontDoor(
            certificate,
            edges,
            Live,
            new TlsTunnelFactory(Context),
            _strangers,
            new FailedTries(time, limits.FailedTriesPerMinute),
            time,
            loggerFactory.CreateLogger<FrontDoor>());
        Listener = TunnelListener.Bind(options.BindAddress, options.TunnelPort, time, loggerFactory.CreateLogger<TunnelListener>());
        _accepting = Listener.RunAsync(FrontDoor.Accept);
    }

    public TunnelHubOptions Options { get; }

    public EdgeStore Edges { get; }

    public HubCertificate Certificate { get; }

    public DateTimeOffset Since { get; }

    public TransportContext Context { get; }

    public StreamForwarder Streams { get; }

    public SessionForwarder Sessions { get; }

    public LiveEdges Live { get; }

    public FrontDoor FrontDoor { get; }

    public TunnelListener Listener { get; }

    /// <summary>Connections that have not authenticated yet.</summary>
    public int Strangers => _strangers.Count;

    /// <summary>New streams and sessions go by other options.</summary>
    public void Change(TunnelHubOptions options) => Streams.Options = Sessions.Options = Forwarding(options);

    /// <summary>Closes the port, lets open streams go on for a while, then ends the tunnels.</summary>
    public async Task StopAsync(TimeSpan drain)
    {
        Listener.Dispose();
        await _accepting;
        _strangers.EndAll();
        await Live.StopAsync(drain);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Listener.Dispose();
        Live.Dispose();
        Sessions.Dispose();
        Certificate.Dispose();
    }

    private static ForwardingOptions Forwarding(TunnelHubOptions options) =>
        new(options.TargetHost, options.Limits.StreamsPerEdge, ForwardingOptions.DefaultPerEdge);
}
