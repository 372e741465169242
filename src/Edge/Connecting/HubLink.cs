using Tunnel.Edge.Configuration;
using Tunnel.Edge.Status;
using Tunnel.Shared.Transport;

namespace Tunnel.Edge.Connecting;

/// <summary>One of the edge's hubs, and the parts that keep a tunnel to it.</summary>
/// <param name="options">The edge's options for this hub.</param>
/// <param name="renewals">What it has renewed since the token was made.</param>
/// <param name="record">What is known of it.</param>
/// <param name="connector">Keeps the tunnel.</param>
/// <param name="time">The clock.</param>
internal sealed class HubLink(
    TunnelEdgeOptions options, HubRenewals renewals, HubRecord record, TunnelConnector connector, TimeProvider time)
{
    private long _heard;
    private long _silentSince;
    private volatile int _unanswered;
    private volatile object? _watched;

    public TunnelEdgeOptions Options => options;

    public HubRenewals Renewals => renewals;

    public HubRecord Record => record;

    public TunnelConnector Connector => connector;

    /// <summary>How many questions for a sign of life in a row it has left open in this tunnel.</summary>
    public int SilenceIn(ITunnel tunnel) => ReferenceEquals(_watched, tunnel) ? _unanswered : 0;

    /// <summary>Whether it has left so many questions open in this tunnel that it counts as silent.</summary>
    public bool IsSilentIn(ITunnel tunnel) => SilenceIn(tunnel) >= HubConnections.SilenceLimit;

    /// <summary>
    /// How long it has been gone, as far as a tunnel of it is concerned; null when it is well, or the tunnel is none of its own.
    /// </summary>
    public TimeSpan? GoneFor(ITunnel tunnel)
    {
        var gone = connector.GoneFor(tunnel);
        if (!IsSilentIn(tunnel))
            return gone;
        var silent = time.GetElapsedTime(Volatile.Read(ref _silentSince));
        return gone > silent ? gone : silent;
    }

    /// <summary>Returns its state for the status.</summary>
    public EdgeHubStatus Describe()
    {
        var (status, tunnel) = (connector.Status, connector.Current);
        return new EdgeHubStatus
        {
            Hub = renewals.Current.Name,
            Connected = status.Connected,
            HubAddress = status.Address?.ToString(),
            Transport = status.Transport?.Word(),
            Since = status.Since,
            LostSince = status.LostSince,
            Rtt = tunnel?.RoundTripTime?.TotalMilliseconds,
            ActiveStreams = tunnel?.ActiveStreams ?? 0,
            ActiveSessions = tunnel?.ActiveSessions ?? 0,
            State = record.Info?.State,
            Outdated = record.IsOutdated,
            Silent = status.Connected && tunnel is not null && IsSilentIn(tunnel),
            LastError = status.LastError,
            NextAttempt = status.NextAttempt,
        };
    }

    /// <summary>Returns what tells it from other hubs; null while it is not connected.</summary>
    public HubIdentity? Identify() => connector.Status is { Connected: true, Address: { } address }
        ? new HubIdentity(renewals.Current.Name, options.Proxy.HopTo(options.HubHost, options.HubPort) is null ? address.Address : null)
        {
            Machine = record.Info?.Machine,
            Pins = record.Info?.Pins ?? [],
            IsOutdated = record.IsOutdated,
        }
        : null;

    /// <summary>
    /// Looks whether something was heard since the last look, and asks for the next sign of life. One caller at a time. Looks are counted
    /// and not the time, so that hubs are not blamed for a machine that is too busy to look.
    /// </summary>
    /// <returns>Whether the hub counts as silent now.</returns>
    public bool Look()
    {
        var tunnel = connector.Current;
        var heard = tunnel?.Heard ?? 0;
        // A hub that can't be asked, or a tunnel that is new, is not silent.
        var isOpen = tunnel?.Ask() == true && tunnel == _watched && heard == _heard;
        var unanswered = isOpen ? _unanswered + 1 : 0;
        if (unanswered == HubConnections.SilenceLimit)
            Volatile.Write(ref _silentSince, time.GetTimestamp());
        _unanswered = unanswered;
        (_watched, _heard) = (tunnel, heard);
        return unanswered >= HubConnections.SilenceLimit;
    }
}
