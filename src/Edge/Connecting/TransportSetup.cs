using System.Net;
using Microsoft.Extensions.Logging;
using Tunnel.Edge.Configuration;
using Tunnel.Shared.Configuration;
using Tunnel.Shared.Hosting;
using Tunnel.Shared.Protocol.Tokens;
using Tunnel.Shared.Transport;
using Tunnel.Shared.Transport.Proxies;
using Tunnel.Shared.Transport.Quic;
using Tunnel.Shared.Transport.Tls;
using TransportContext = Tunnel.Shared.Transport.TransportContext;

namespace Tunnel.Edge.Connecting;

/// <summary>Creates the dialers that a mode needs, as far as this machine supports them.</summary>
internal static class TransportSetup
{
    /// <exception cref="OperatorException">
    /// The mode is QUIC only, and this machine has no libmsquic, or the hub is reached through a proxy.
    /// </exception>
    public static TransportSelector Create(TunnelEdgeOptions options, TransportContext context, ILogger logger)
    {
        var (mode, proxies) = (options.Transport, options.Proxy);
        if (proxies.HopTo(options.HubHost, options.HubPort) is { } hop)
        {
            TransportChoiceLog.Proxied(logger, hop.Server, proxies.Source);
            return mode switch
            {
                TransportMode.Quic => throw new OperatorException(ProxyFault(hop, proxies)),
                TransportMode.TcpTls => TransportSelector.Only(Tls(), TransportChoice.Configured, context.Time, logger),
                _ => TransportSelector.Only(
                    Tls(), new TransportChoice(TransportReason.Proxied, $"QUIC does not go through the proxy {hop.Server}"), context.Time,
                    logger),
            };
        }

        if (mode == TransportMode.TcpTls)
            return TransportSelector.Only(Tls(), TransportChoice.Configured, context.Time, logger);
        if (QuicLibrary.TryLoad(out var missing))
        {
            var quic = Dialer(new QuicTunnelDialer(context), context);
            return mode == TransportMode.Quic
                ? TransportSelector.Only(quic, TransportChoice.Configured, context.Time, logger)
                : TransportSelector.WithFallback(quic, Tls(), context.Time, logger);
        }

        if (mode == TransportMode.Quic)
        {
            throw new OperatorException(
                $"transport {mode.Word()}: {missing}. {QuicLibrary.InstallHint}; or set transport to "
                    + $"{TransportMode.QuicWithFallback.Word()} or {TransportMode.TcpTls.Word()}");
        }

        TransportChoiceLog.QuicNotInstalled(logger, missing, QuicLibrary.InstallHint);
        return TransportSelector.Only(
            Tls(), new TransportChoice(TransportReason.QuicNotInstalled, $"{missing}: {QuicLibrary.InstallHint}"), context.Time, logger);

        HubDialer Tls() => Dialer(new TlsTunnelDialer(context), context, proxies);
    }

    /// <summary>Says that a mode of QUIC only can't go through a proxy.</summary>
    public static string ProxyFault(ProxyHop hop, ProxyRules proxies) =>
        $"transport {TransportMode.Quic.Word()}: QUIC does not go through a proxy, and {proxies.Source} says {hop.Server}. Set transport "
        + $"to {TransportMode.QuicWithFallback.Word()} or {TransportMode.TcpTls.Word()}, or proxy to {ProxySetting.Straight}";

    /// <summary>Waits for a hub that dials.</summary>
    /// <exception cref="OperatorException">The mode allows QUIC, over which no hub dials; or any stranger at the port could pass for the
    /// hub.</exception>
    public static TransportSelector Create(IHubDialer awaiter, TunnelEdgeOptions options, TransportContext context, ILogger logger) =>
        FaultOfAwaiting(options) is { } fault
            ? throw new OperatorException(fault)
            : TransportSelector.Awaiting(awaiter, context.Time, logger);

    private static string? FaultOfAwaiting(TunnelEdgeOptions options) => options switch
    {
        { Hubs.IsDefaultOrEmpty: false } => "hubs: only one hub can dial this edge. Leave it out",
        { Transport: not TransportMode.TcpTls } =>
            $"transport {options.Transport.Word()}: the hub dials this edge, over TLS only. Set transport to "
            + $"{TransportMode.TcpTls.Word()}, or leave it out",
        { InsecureSkipVerify: true } =>
            "insecureSkipVerify: the hub dials this edge, so any stranger at its port would be told the secret. Leave it out, and give the "
            + "hub's pins or a token, which has them",
        { Pins.IsDefaultOrEmpty: true } =>
            "pins: the hub dials this edge, which can tell it from strangers only by its pins. Give them, or a token, which has them",
        _ => null,
    };

    /// <summary>Uses one dialer, whatever the mode says: for tests, and for programs that bring their own.</summary>
    public static TransportSelector Create(ITunnelDialer dialer, TransportContext context, ILogger logger) =>
        TransportSelector.Only(Dialer(dialer, context), TransportChoice.Configured, context.Time, logger);

    private static HubDialer Dialer(ITunnelDialer dialer, TransportContext context, ProxyRules? proxies = null) =>
        new(dialer, Dns.GetHostAddressesAsync, context.Time, proxies);
}
