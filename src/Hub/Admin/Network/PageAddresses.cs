using System.Collections.Immutable;
using System.Net;
using Tunnel.Hub.Configuration;

namespace Tunnel.Hub.Admin.Network;

/// <summary>Where a browser finds the page over the network, as far as the settings tell.</summary>
internal static class PageAddresses
{
    /// <summary>Returns the addresses, those of the listener of its own first; none when the API is not served over the network.</summary>
    /// <param name="options">The settings.</param>
    /// <param name="publicHost">The setting publicHost as it is now.</param>
    /// <param name="tunnelPort">The tunnel port.</param>
    public static ImmutableArray<string> Of(TunnelHubOptions options, string? publicHost, int tunnelPort)
    {
        var name = publicHost is null ? Dns.GetHostName() : new UriBuilder($"tcp://{publicHost}").Host;
        var addresses = ImmutableArray.CreateBuilder<string>();
        if (options.AdminListen is { } setting && AdminListen.TryParse(setting, out var listen))
            addresses.Add($"{(listen.IsTls ? "https" : "http")}://{HostOf(listen.EndPoint, name)}:{listen.EndPoint.Port}/");
        if (options.AdminOnTunnelPort)
            addresses.Add($"https://{name}:{tunnelPort}/");
        return addresses.ToImmutable();
    }

    private static string HostOf(IPEndPoint listen, string name) =>
        listen.Address.Equals(IPAddress.Any) || listen.Address.Equals(IPAddress.IPv6Any)
            ? name
            : listen.Address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6
                ? $"[{listen.Address}]"
                : listen.Address.ToString();
}
