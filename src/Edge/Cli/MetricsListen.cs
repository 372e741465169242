using System.Net;
using Tunnel.Shared.Configuration;
using Tunnel.Shared.Protocol.Addresses;

namespace Tunnel.Edge.Cli;

/// <summary>
/// Reads the setting <c>metricsListen</c>: <c>9464</c> is a port of the loopback address; <c>192.0.2.1:9464</c> and <c>[::]:9464</c> name
/// another address.
/// </summary>
internal static class MetricsListen
{
    private const string Valid = "must be PORT (at 127.0.0.1) or ADDRESS:PORT, such as 9464, 10.0.0.7:9464 or [::]:9464";

    /// <summary>Reads the setting; null when it is missing or wrong.</summary>
    public static IPEndPoint? Read(LayeredConfiguration configuration)
    {
        if (configuration.Find("metricsListen") is not { } setting)
            return null;
        if (TryParse(setting.Value, out var endPoint))
            return endPoint;
        configuration.Errors.Add("metricsListen", setting.Value, HostSyntax.FaultOf(setting.Value, Valid), setting.Source);
        return null;
    }

    private static bool TryParse(string text, out IPEndPoint? endPoint)
    {
        var isPort = text.All(char.IsAsciiDigit);
        endPoint = HostSyntax.TryParseHostAndPort(isPort ? $"{IPAddress.Loopback}:{text}" : text, out var host, out var port)
            && port is { } number && HostSyntax.TryParseAddress(host, out var address)
            ? new IPEndPoint(address, number)
            : null;
        return endPoint is not null;
    }
}
