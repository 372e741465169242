using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Tunnel.Edge.Configuration;
using Tunnel.Shared.Protocol.Messages;

namespace Tunnel.Edge.Connecting;

/// <summary>Creates what keeps the tunnels to the edge's hubs.</summary>
internal static class HubLinks
{
    /// <param name="options">The edge's options.</param>
    /// <param name="hello">What HELLO says, the same to all hubs.</param>
    /// <param name="transports">The dialers of each hub, in the order of <see cref="TunnelEdgeOptions.ForEachHub"/>.</param>
    /// <param name="inbox">Takes the configurations of all hubs.</param>
    /// <param name="observer">Is told about the tunnels of all hubs.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">The log.</param>
    public static ImmutableArray<HubLink> Create(
        TunnelEdgeOptions options, Hello hello, ImmutableArray<TransportSelector> transports, ConfigInbox inbox,
        ITunnelObserver observer, TimeProvider time, ILogger logger)
    {
        var (signal, totals) = (new ChangeSignal(), new TunnelTotals());
        ImmutableArray<HubLink> links = [.. options.ForEachHub().Select(Create)];
        foreach (var link in links)
            link.Renewals.Others = [.. links.Where(other => other != link).Select(static other => other.Renewals)];
        return links;

        HubLink Create(TunnelEdgeOptions own, int index)
        {
            var start = ConnectorOptions.Of(own, hello, index);
            var pins = new PinStore(own.StateDirectory, own.Pins, logger, start.FileFor(PinStore.FileName));
            var renewals = new HubRenewals(own.StateDirectory, start, logger);
            var connector = new TunnelConnector(
                start, renewals, transports[index], pins, inbox, observer, Random.Shared.NextDouble, time, logger)
            {
                Signal = signal,
                Totals = totals,
            };
            return new HubLink(own, renewals, new HubRecord(pins), connector, time);
        }
    }

    /// <summary>Returns the names of the files of the state directory that are kept of the hubs.</summary>
    public static IEnumerable<string> FilesOf(TunnelEdgeOptions options) => options.ForEachHub().SelectMany((own, index) =>
    {
        var start = ConnectorOptions.Of(own, new Hello { Instance = "" }, index);
        return (string[])[start.FileFor(PinStore.FileName), start.FileFor(HubRenewals.FileName)];
    });
}
