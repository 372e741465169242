using System.Text.Json;
using Tunnel.Edge.Firewall;
using Tunnel.Shared.Firewall;
using Tunnel.Shared.Protocol.Addresses;

namespace Tunnel.Edge.UnitTests.Firewall;

/// <summary>Makes plans from a hub's JSON.</summary>
internal static class Plans
{
    public static FirewallPlan Of(string json, params (string Source, long Until)[] blocks)
    {
        using var document = JsonDocument.Parse(json);
        Assert.Empty(FirewallConfigReader.ReadFromHub(document.RootElement, out var config));
        return new FirewallPlan
        {
            Config = config,
            BlocksUntil = [.. blocks.Select(block => (Range(block.Source), block.Until))],
            ProtectedPorts = [22],
        };
    }

    public static IpRange Range(string text) =>
        IpRange.TryParse(text, out var range, out var error) ? range : throw new ArgumentException(error);
}
