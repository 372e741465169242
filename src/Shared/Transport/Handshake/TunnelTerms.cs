using Tunnel.Shared.Protocol.Frames;
using Tunnel.Shared.Protocol.Messages;

namespace Tunnel.Shared.Transport.Handshake;

/// <summary>
/// What the two ends have agreed on: the base protocol's sizes until the edge says HELLO, then what each has announced. Set once, before
/// any stream is open that it could matter to.
/// </summary>
internal sealed class TunnelTerms(int announcedWindow, TunnelFeatures announced)
{
    /// <summary>Largest DATA payload that we accept from an extended peer.</summary>
    public const int OwnMaxFrame = 64 << 10;

    /// <summary>The credit that a stream has both ways with a base peer (protocol.md section 4).</summary>
    public const int BaseWindow = 4 << 20;

    private const int SmallestMaxFrame = 1_024;
    private const int LargestWindow = 1 << 30;

    /// <summary>Both ends announce extensions; else no frame beyond the base may be sent.</summary>
    public bool IsExtended { get; private set; }

    /// <summary>The extensions that both have.</summary>
    public TunnelFeatures Features { get; private set; }

    /// <summary>A REPORT may be MessagePack.</summary>
    public bool ReadsMessagePack => (Features & TunnelFeatures.MessagePack) != 0;

    /// <summary>Largest DATA payload that the peer accepts.</summary>
    public int PeerMaxFrame { get; private set; } = FrameRules.BaseMaxData;

    /// <summary>Credit that the peer gives a new stream.</summary>
    public int PeerInitialWindow { get; private set; } = BaseWindow;

    /// <summary>Credit that we give a new stream.</summary>
    public int OwnInitialWindow => IsExtended ? announcedWindow : BaseWindow;

    /// <summary>Largest DATA payload that is accepted now.</summary>
    public int ReceiveLimit => IsExtended ? OwnMaxFrame : FrameRules.BaseMaxData;

    /// <summary>Edge: the hub announces extensions. Sizes that make no sense are taken for the nearest that do.</summary>
    public void Accept(HubInfo hub)
    {
        IsExtended = true;
        PeerMaxFrame = Math.Clamp(hub.MaxFrame, SmallestMaxFrame, FrameRules.BaseMaxData);
        PeerInitialWindow = Math.Clamp(hub.InitialWindow, 0, LargestWindow);
        Features = FeatureNames.Parse(hub.Features) & announced;
    }

    /// <summary>Hub: the edge says HELLO.</summary>
    /// <returns>What is wrong with it, or null.</returns>
    public string? Accept(Hello hello)
    {
        if (hello.MaxFrame < SmallestMaxFrame)
            return $"maxFrame {hello.MaxFrame} is below {SmallestMaxFrame}";
        if (hello.InitialWindow < 0)
            return "initialWindow is negative";
        IsExtended = true;
        PeerMaxFrame = Math.Min(hello.MaxFrame, FrameRules.BaseMaxData);
        PeerInitialWindow = Math.Min(hello.InitialWindow, LargestWindow);
        Features = FeatureNames.Parse(hello.Features) & announced;
        return null;
    }
}
