namespace Tunnel.Hub.Configuration;

/// <summary>Checks the hub's settings and reports everything that is wrong at once.</summary>
public static class TunnelHubOptionsValidator
{
}
