using Tunnel.Edge.Configuration;
using Tunnel.Edge.Status;
using Tunnel.Shared.Transport;

namespace Tunnel.Edge.Connecting;

/// <summary>One of the edge's hubs, and what keeps a tunnel to it.</summary>
/// <param name="options">The edge's options for this hub.</param>
/// <param name="renewals">What it has renewed since the token was made.</param>
/// <param name="record">What is known of it.</param>
/// <param name="connector">Keeps the tunnel.</param>
internal sealed class HubLink(TunnelEdgeOptions options, HubRenewals renewals, HubRecord record, TunnelConnector connector)
{
    private long _heard;
    private long _heardAt;
    private volatile bool _isSilent;
    private volatile object? _watched;

    public TunnelEdgeOptions Options => options;

    public HubRenewals Renewals => renewals;

    public HubRecord Record => record;

    public TunnelConnector Connector => connector;

    /// <summary>
    /// Whether it was asked for signs of life and has not given any in this tunnel for a while, so that clients had better go elsewhere.
    /// </summary>
    public bool IsSilentIn(ITunnel tunnel) => _isSilent && ReferenceEquals(_watched, tunnel);

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

    /// <summary>Looks whether something was heard since the last look, and asks for the next sign of life. One caller at a time.</summary>
    /// <param name="now">The time in milliseconds.</param>
    /// <param name="limit">How long it may be silent.</param>
    public void Look(long now, long limit)
    {
        var tunnel = connector.Current;
        var heard = tunnel?.Heard ?? 0;
        // A hub that can't be asked, or a tunnel that is new, is not silent.
        if (tunnel?.Ask() != true || tunnel != _watched || heard != _heard)
            (_watched, _heard, _heardAt) = (tunnel, heard, now);
        _isSilent = now - _heardAt >= limit;
    }
}
