using System.Collections.Immutable;

namespace Tunnel.Shared.Transport.Handshake;

/// <summary>The names of <see cref="TunnelFeatures"/> on the wire (protocol.md section 2.3).</summary>
public static class FeatureNames
{
    private static readonly (string Name, TunnelFeatures Feature)[] Names =
    [
        ("reset", TunnelFeatures.Reset),
        ("goaway", TunnelFeatures.GoAway),
        ("port", TunnelFeatures.Port),
        ("lanes", TunnelFeatures.Lanes),
        ("probe", TunnelFeatures.Probe),
        ("msgpack", TunnelFeatures.MessagePack),
        ("resume", TunnelFeatures.Resume),
        ("move", TunnelFeatures.Move),
        ("moveAgain", TunnelFeatures.MoveAgain),
    ];

    /// <summary>Returns the names of a set of extensions.</summary>
    public static ImmutableArray<string> Format(TunnelFeatures features) =>
        [.. Names.Where(entry => (features & entry.Feature) != 0).Select(entry => entry.Name)];

    /// <summary>Returns the set of extensions for names. Unknown names come from a newer peer and are ignored.</summary>
    public static TunnelFeatures Parse(ImmutableArray<string> names) =>
        Names.Where(entry => names.Contains(entry.Name)).Aggregate(TunnelFeatures.None, (set, entry) => set | entry.Feature);
}
