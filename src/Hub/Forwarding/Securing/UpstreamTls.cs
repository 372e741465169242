using System.Security.Authentication;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Hub.Targets;
using Tunnel.Shared.Relay;
using Tunnel.Shared.Transport;

namespace Tunnel.Hub.Forwarding.Securing;

/// <summary>Speaks TLS to targets. Any thread may use it.</summary>
internal sealed class UpstreamTls(TlsReports reports, TimeProvider time, ILogger logger)
    : PortTls<UpstreamTlsDefinition, TargetTls>(time)
{
    private readonly TimeProvider _time = time;

    /// <summary>Makes the handshake with a target. Every expected failure is a result, and the target is reset then.</summary>
    /// <param name="endpoint">The connection, not started.</param>
    /// <param name="tls">What the operator wrote.</param>
    /// <param name="target">The target's name or address.</param>
    /// <param name="protocol">The protocol that the client has agreed on; null: none.</param>
    /// <param name="limit">Fires when the time has passed, or when nobody wants the connection any more.</param>
    public async Task<(SecuredPeer? Peer, StreamFailure Failure)> HandshakeAsync(
        ILocalEndpoint endpoint, UpstreamTlsDefinition tls, string target, string? protocol, CancellationToken limit)
    {
        var peer = new SecuredPeer(endpoint);
        var failure = StreamFailure.UpstreamTls;
        try
        {
            await peer.Tls.AuthenticateAsClientAsync(Of(tls).Options(target, protocol), limit);
            return (peer, default);
        }
        catch (OperationCanceledException)
        {
            failure = StreamFailure.ConnectTimeout;
        }
        catch (Exception e) when (e is AuthenticationException or IOException or CryptographicException or UnauthorizedAccessException)
        {
            TlsLog.TargetFailed(logger, tls.Sni ?? target, e.InnerException?.Message ?? e.Message);
        }

        peer.Abort();
        await peer.Tls.DisposeAsync();
        return (null, failure);
    }

    /// <inheritdoc/>
    protected override UpstreamTlsDefinition? Wanted(PortPolicy policy) => policy.UpstreamTls;

    /// <inheritdoc/>
    protected override TargetTls Open(UpstreamTlsDefinition written) => new(written, reports, _time);
}
