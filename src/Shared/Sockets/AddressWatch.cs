using System.Net.NetworkInformation;
using Microsoft.Extensions.Logging;
using Tunnel.Shared.Guarding;

namespace Tunnel.Shared.Sockets;

/// <summary>
/// Tells when this machine's addresses change, or when its way to the network goes or returns: what is connected may then have lost its
/// path without a word. The kernel tells of each change by netlink, often several times in a row.
/// </summary>
public sealed class AddressWatch : IDisposable
{
    private readonly Action _changed;

    /// <summary>Begins to watch. Where this process may have no netlink socket, that is logged, and nothing is ever told.</summary>
    /// <param name="changed">Called at each change, on any thread. What it throws is noted as a defect.</param>
    /// <param name="logger">The log.</param>
    public AddressWatch(Action changed, ILogger logger)
    {
        _changed = changed;
        try
        {
            NetworkChange.NetworkAddressChanged += OnAddressChanged;
            NetworkChange.NetworkAvailabilityChanged += OnAvailabilityChanged;
        }
        catch (NetworkInformationException e)
        {
            SocketsLog.AddressesNotWatched(logger, e.Message);
        }
    }

    /// <summary>Stops watching.</summary>
    public void Dispose()
    {
        NetworkChange.NetworkAddressChanged -= OnAddressChanged;
        NetworkChange.NetworkAvailabilityChanged -= OnAvailabilityChanged;
    }

    private void OnAddressChanged(object? sender, EventArgs e) => Tell();

    private void OnAvailabilityChanged(object? sender, NetworkAvailabilityEventArgs e) => Tell();

    private void Tell() => Task.Run(_changed).Guard("telling of changed addresses");
}
