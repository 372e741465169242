using System.Collections.Immutable;
using Tunnel.Hub.Forwarding;
using Tunnel.Hub.Forwarding.Authorizing;
using Tunnel.Hub.Status;
using Tunnel.Shared.Hosting;

namespace Tunnel.Hub;

/// <summary>Describes a hub: nothing is kept for it, every part is asked how it is.</summary>
internal static class HubStatuses
{
    /// <summary>Describes the present state of a run.</summary>
    /// <param name="run">The run.</param>
    /// <param name="forwarding">What is in force for new streams and sessions.</param>
    /// <param name="authorizers">Who is asked about clients.</param>
    /// <param name="descriptorLimit">How many descriptors the process may have.</param>
    public static HubStatus Describe(HubRun run, ForwardingOptions forwarding, Authorizers authorizers, long descriptorLimit)
    {
        var (parts, options, edges, context) = (run.Parts, run.Options, run.Edges, run.Context);
        ImmutableArray<ConnectedEdgeStatus> connected = [
            .. run.Live.Read(ConnectedEdges.Describe).OrderBy(edge => edge.EdgeId, StringComparer.Ordinal)];
        return new HubStatus
        {
            Running = run.EndPoint is not null,
            TunnelPort = run.EndPoint?.Port ?? options.TunnelPort,
            Quic = run.HasQuic,
            Version = ProductVersion.Number,
            Since = run.Since,
            CertificatePin = run.Certificates.Present.Pin,
            CertificateExpires = run.Certificates.Present.Expires,
            TargetHost = forwarding.TargetHost,
            TargetAllowCidrs = forwarding.TargetAllowCidrs,
            PublicHost = options.PublicHost,
            StateDirectory = options.StateDir,
            AllowedEdges = edges.Current.Count,
            Edges = AllowedEdges.Describe(
                edges.State, connected, run.Live.Presences, parts.Dialer.StatusOf, context.Time.GetUtcNow()),
            ConnectedEdges = connected,
            Ports = [.. PortStatuses.OfUsed(edges.Current, connected, run.Traffic, run.Pools)],
            PortCertificates = PortCertificates.Describe(run.Tls, run.Streams.UpstreamTls),
            Authorizers = AuthorizerStatuses.Describe(authorizers),
            SharedState = run.State.Shared,
            Strangers = parts.Strangers.Count,
            ActiveSessions = run.Sessions.Count,
            Refusals = run.Reception.Refusals.Snapshot(),
            StreamFailures = run.Streams.Failures.Snapshot(),
            SessionFailures = run.Sessions.Failures.Snapshot(),
            DatagramsDropped = parts.DatagramsDropped,
            EventsDropped = run.Events.Dropped,
            DescriptorLimit = descriptorLimit,
            MemoryBudget = context.Options.MemoryBudget,
            MemoryUsed = context.Flow.Budget.Used,
            TcpMemory = context.TcpMemory.Status,
        };
    }
}
