using System.Net;
using Microsoft.Extensions.Logging;
using Tunnel.Shared.Hosting;
using Tunnel.Shared.Protocol.Tokens;
using Tunnel.Shared.Transport;
using Tunnel.Shared.Transport.Quic;
using Tunnel.Shared.Transport.Tls;
using TransportContext = Tunnel.Shared.Transport.TransportContext;

namespace Tunnel.Edge.Connecting;

/// <summary>Creates the dialers that a mode needs, as far as this machine supports them.</summary>
internal static class TransportSetup
{
    /// <exception cref="OperatorException">The mode is QUIC only, and this machine has no libmsquic.</exception>
    public static TransportSelector Create(TransportMode mode, TransportContext context, ILogger logger)
    {
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
            throw new OperatorException(
                $"transport {mode.Word()}: {missing}. {QuicLibrary.InstallHint}; or set transport to "
                    + $"{TransportMode.QuicWithFallback.Word()} or {TransportMode.TcpTls.Word()}");
        TransportLog.QuicNotInstalled(logger, missing, QuicLibrary.InstallHint);
        return TransportSelector.Only(
            Tls(), new TransportChoice(TransportReason.QuicNotInstalled, $"{missing}: {QuicLibrary.InstallHint}"), context.Time, logger);

        HubDialer Tls() => Dialer(new TlsTunnelDialer(context), context);
    }

    /// <summary>Uses one dialer, whatever the mode says: for tests, and for programs that bring their own.</summary>
    public static TransportSelector Create(ITunnelDialer dialer, TransportContext context, ILogger logger) =>
        TransportSelector.Only(Dialer(dialer, context), TransportChoice.Configured, context.Time, logger);

    private static HubDialer Dialer(ITunnelDialer dialer, TransportContext context) => new(dialer, Dns.GetHostAddressesAsync, context.Time);
}
