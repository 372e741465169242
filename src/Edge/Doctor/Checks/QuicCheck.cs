using System.Net;
using Tunnel.Edge.Connecting;
using Tunnel.Shared.Checks;
using Tunnel.Shared.Protocol.Tokens;
using Tunnel.Shared.Transport;
using Tunnel.Shared.Transport.Quic;

namespace Tunnel.Edge.Doctor.Checks;

/// <summary>Checks that UDP gets through to the hub, that QUIC is on there, and that the path takes packets of a useful size.</summary>
internal sealed class QuicCheck(IQuicProbe probe) : IEdgeCheck
{
    /// <summary>The largest answer of DNS servers, in bytes (DNS flag day 2020). Below it, usual datagrams do not fit.</summary>
    private const int UsefulPayload = 1232;

    public string Name => "quic";

    public async Task<CheckResult> RunAsync(DoctorContext context, CancellationToken cancellationToken)
    {
        var mode = context.Options.Transport;
        var severity = context.Severity(TransportKind.Quic);
        if (context.Proxy is { } hop)
        {
            return mode == TransportMode.Quic
                ? new CheckResult(Name, CheckStatus.Failed, TransportSetup.ProxyFault(hop, context.Options.Proxy), "see proxy")
                : new CheckResult(Name, CheckStatus.Skipped, "QUIC does not go through a proxy");
        }

        if (probe.Unavailable is { } reason)
        {
            return new CheckResult(
                Name, mode == TransportMode.Quic ? CheckStatus.Failed : CheckStatus.Skipped,
                mode == TransportMode.TcpTls ? $"{reason} (not needed with transport {mode.Word()})" : reason, QuicLibrary.InstallHint);
        }

        if (context.Addresses.IsEmpty)
            return new CheckResult(Name, CheckStatus.Skipped, "the hub's address is not known");

        QuicPath? worst = null;
        foreach (var address in context.Addresses)
        {
            var result = await probe.ProbeAsync(context.Request(new IPEndPoint(address, context.Options.HubPort)), cancellationToken);
            if (result.Failure is null)
                return Describe(result, address);
            worst ??= result;
        }

        var failure = worst!.Failure!;
        if (failure.Kind == DialFailureKind.WrongCertificate)
            return new CheckResult(Name, CheckStatus.Failed, failure.Message, "see tls");
        return new CheckResult(
            Name, severity,
            failure.Message
            + (
                severity == CheckStatus.Failed
                ? ""
                : mode == TransportMode.TcpTls
                ? " (not needed with this transport)"
                : " (the tunnel runs over TLS)"),
            "check that the hub has QUIC on (its log says so at the start), and that firewalls and port forwardings let UDP "
                + $"{context.Options.HubPort} through, not only TCP");
    }

    private CheckResult Describe(QuicPath result, IPAddress address)
    {
        var shown =
            $"{address} in {result.RoundTrip.TotalMilliseconds:0.0} ms; UDP payloads of up to {result.MaxPayload} bytes go as one datagram";
        return result.MaxPayload >= UsefulPayload
            ? new CheckResult(Name, CheckStatus.Ok, shown)
            : new CheckResult(
                Name, CheckStatus.Warning, $"{shown}, larger ones take a stream each",
                "look for a tunnel or VPN on the way with a small MTU");
    }
}
