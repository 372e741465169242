using Tunnel.Shared.Protocol.Messages;

namespace Tunnel.Shared.Transport.Handshake;

/// <summary>
/// Makes what this implementation announces in a handshake, whatever the tunnel runs over (protocol.md sections 2 and 6).
/// </summary>
public static class TunnelProtocol
{
    /// <summary>The protocol's name in ALPN.</summary>
    public const string Alpn = "tunnel/1";

    /// <summary>The extensions that are always announced. Over QUIC a reset is QUIC's own, and the listening port is always sent.</summary>
    public const TunnelFeatures SupportedFeatures =
        TunnelFeatures.Reset | TunnelFeatures.GoAway | TunnelFeatures.Port | TunnelFeatures.Probe | TunnelFeatures.MessagePack;

    /// <summary>The protocol's name as ALPN sends it on the wire.</summary>
    internal static ReadOnlySpan<byte> AlpnBytes => "tunnel/1"u8;

    /// <summary>
    /// The extensions that a process can use over TLS: <see cref="TunnelFeatures.Lanes"/> and <see cref="TunnelFeatures.Resume"/> too,
    /// where they are enabled.
    /// </summary>
    internal static TunnelFeatures FeaturesOf(TransportContext context) =>
        QuicFeaturesOf(context)
        | (context.Lanes.Max > 1 ? TunnelFeatures.Lanes : TunnelFeatures.None)
        | (context.ResumeGrace > TimeSpan.Zero ? TunnelFeatures.Resume : TunnelFeatures.None);

    /// <summary>The extensions that a process can use over QUIC.</summary>
    internal static TunnelFeatures QuicFeaturesOf(TransportContext context) =>
        SupportedFeatures | (context.ResumeGrace > TimeSpan.Zero ? TunnelFeatures.Move | TunnelFeatures.MoveAgain : TunnelFeatures.None);

    /// <summary>Creates the <c>hub</c> member of a hub's configurations for a new tunnel.</summary>
    /// <param name="context">The state that tunnels share.</param>
    /// <param name="version">The hub's version.</param>
    /// <param name="tunnelId">The tunnel's id, by which its edge asks for what was open. Never logged.</param>
    /// <param name="rev">The configuration's revision, which is raised with each push.</param>
    public static HubInfo CreateHubInfo(TransportContext context, string version, string tunnelId, long rev) => new()
    {
        Version = version,
        TunnelId = tunnelId,
        Machine = MachineName.Own,
        Rev = rev,
        Features = FeatureNames.Format(FeaturesOf(context)),
        MaxFrame = TunnelTerms.OwnMaxFrame,
        InitialWindow = context.Options.InitialWindow,
        ResumeGrace = SecondsOf(context.ResumeGrace),
    };

    /// <summary>Completes an edge's HELLO with what its end of the tunnel supports.</summary>
    internal static Hello Complete(Hello hello, TransportContext context, TunnelFeatures features) => hello with
    {
        Features = FeatureNames.Format(features),
        MaxFrame = TunnelTerms.OwnMaxFrame,
        InitialWindow = context.Options.InitialWindow,
        ResumeGrace = (features & (TunnelFeatures.Resume | TunnelFeatures.Move)) == 0 ? null : SecondsOf(context.ResumeGrace),
    };

    private static int? SecondsOf(TimeSpan grace) => grace > TimeSpan.Zero ? (int)grace.TotalSeconds : null;
}
