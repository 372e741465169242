using Tunnel.Shared.Protocol.Frames;
using Tunnel.Shared.Protocol.Messages;

namespace Tunnel.Shared.Transport.Handshake;

/// <summary>
/// The terms that the two ends have agreed on: the base protocol's sizes until the edge sends HELLO, then what each has announced. They are
/// set once, before any stream is open that they could affect.
/// </summary>
internal sealed class TunnelTerms(int announcedWindow, TunnelFeatures announced, TimeSpan announcedGrace = default)
{
    /// <summary>The largest DATA payload, in bytes, that this side accepts from an extended peer.</summary>
    public const int OwnMaxFrame = 64 << 10;

    /// <summary>The credit in bytes that a stream has in both directions with a base peer (protocol.md section 4).</summary>
    public const int BaseWindow = 4 << 20;

    private const int SmallestMaxFrame = 1_024;
    private const int LargestWindow = 1 << 30;

    /// <summary>True when both ends announce extensions; otherwise only frames of the base protocol may be sent.</summary>
    public bool IsExtended { get; private set; }

    /// <summary>The extensions that both ends have announced.</summary>
    public TunnelFeatures Features { get; private set; }

    /// <summary>How long both ends keep what is open when a connection is lost; zero unless the extension is agreed.</summary>
    public TimeSpan ResumeGrace { get; private set; }

    /// <summary>True when a REPORT may be MessagePack.</summary>
    public bool ReadsMessagePack => (Features & TunnelFeatures.MessagePack) != 0;

    /// <summary>The largest DATA payload, in bytes, that the peer accepts.</summary>
    public int PeerMaxFrame { get; private set; } = FrameRules.BaseMaxData;

    /// <summary>Bytes of credit that the peer gives a new stream.</summary>
    public int PeerInitialWindow { get; private set; } = BaseWindow;

    /// <summary>Bytes of credit that this side gives a new stream.</summary>
    public int OwnInitialWindow => IsExtended ? announcedWindow : BaseWindow;

    /// <summary>The largest DATA payload, in bytes, that is accepted now.</summary>
    public int ReceiveLimit => IsExtended ? OwnMaxFrame : FrameRules.BaseMaxData;

    /// <summary>Edge: takes the extensions that the hub announces. Sizes out of range become the nearest valid ones.</summary>
    public void Accept(HubInfo hub)
    {
        IsExtended = true;
        PeerMaxFrame = Math.Clamp(hub.MaxFrame, SmallestMaxFrame, FrameRules.BaseMaxData);
        PeerInitialWindow = Math.Clamp(hub.InitialWindow, 0, LargestWindow);
        Features = FeatureNames.Parse(hub.Features) & announced;
        AcceptGrace(hub.ResumeGrace);
    }

    /// <summary>Hub: takes the edge's HELLO.</summary>
    /// <returns>What is wrong with the HELLO, or null.</returns>
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
        AcceptGrace(hello.ResumeGrace);
        return null;
    }

    // The smaller of the two counts; without any the extension is of no use.
    private void AcceptGrace(int? seconds)
    {
        var peer = TimeSpan.FromSeconds(seconds ?? 0);
        const TunnelFeatures Lasting = TunnelFeatures.Resume | TunnelFeatures.Move | TunnelFeatures.MoveAgain;
        ResumeGrace = (Features & Lasting) == 0 ? TimeSpan.Zero : peer < announcedGrace ? peer : announcedGrace;
        if (ResumeGrace <= TimeSpan.Zero)
            Features &= ~Lasting;
    }
}
