using System.Collections.Concurrent;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using Tunnel.Hub.Certificates;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Hub.Targets;
using Tunnel.Shared.Relay;
using Tunnel.Shared.Transport;

namespace Tunnel.Hub.Forwarding.Securing;

/// <summary>Speaks TLS to targets. Its files are looked at when they are used, once a second at most. Any thread may use it.</summary>
internal sealed class UpstreamTls(TimeProvider time, ILogger logger)
{
    // Definitions are few; this limit only guards against thousands of changes.
    private const int Capacity = 1_024;

    private readonly ConcurrentDictionary<UpstreamTlsDefinition, Files> _files = new();

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
            await peer.Tls.AuthenticateAsClientAsync(Options(tls, tls.Sni ?? target, protocol), limit);
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

    /// <summary>Returns the state of the certificate that targets are shown; null: there is none.</summary>
    public TlsFileState? Describe(UpstreamTlsDefinition tls) => tls.ClientCert is null ? null : FilesOf(tls).Describe(time);

    private SslClientAuthenticationOptions Options(UpstreamTlsDefinition tls, string name, string? protocol)
    {
        var (authorities, certificate) = FilesOf(tls).Read(time);
        return new SslClientAuthenticationOptions
        {
            TargetHost = name,
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            ApplicationProtocols = protocol is null ? null : [new SslApplicationProtocol(protocol)],
            CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
            CertificateChainPolicy = authorities is null ? null : ChainPolicy(authorities),
            ClientCertificateContext = certificate,
            RemoteCertificateValidationCallback = tls.Verify == false ? static (_, _, _, _) => true : null,
        };
    }

    private Files FilesOf(UpstreamTlsDefinition tls)
    {
        if (_files.Count >= Capacity)
            _files.Clear();
        return _files.GetOrAdd(tls, static tls => new Files(tls));
    }

    private static X509ChainPolicy ChainPolicy(X509Certificate2Collection authorities)
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
        };
        policy.CustomTrustStore.AddRange(authorities);
        return policy;
    }

    // What is read of files; what can't be used leaves the old content.
    private sealed class Files(UpstreamTlsDefinition tls)
    {
        private readonly Lock _lock = new();
        private readonly ContentWatch _content = new(tls.Ca, tls.ClientCert);
        private X509Certificate2Collection? _authorities;
        private PortCertificate? _certificate;
        private string? _fault;
        private bool _isRead;
        private long _lastLook;

        public (X509Certificate2Collection? Authorities, SslStreamCertificateContext? Certificate) Read(TimeProvider time)
        {
            lock (_lock)
            {
                var isDue = _isRead && time.GetElapsedTime(_lastLook) >= ContentWatch.Interval;
                if (isDue)
                    _lastLook = time.GetTimestamp();
                if (!_isRead || (isDue && _content.HasChanged()))
                    Load(time);
                return (_authorities, _certificate?.Context);
            }
        }

        public TlsFileState Describe(TimeProvider time)
        {
            try
            {
                Read(time);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
            {
                // That is about the authorities.
            }

            lock (_lock)
                return new TlsFileState(tls.ClientCert!, _certificate, _fault);
        }

        private void Load(TimeProvider time)
        {
            try
            {
                if (tls.Ca is not null && PemFiles.Certificates(PemFiles.Read(tls.Ca)) is { Count: > 0 } authorities)
                    _authorities = authorities;
            }
            catch (Exception e) when (_authorities is not null && e is IOException or UnauthorizedAccessException or CryptographicException)
            {
                // The old ones stay.
            }

            DateTimeOffset? now = _certificate is null ? null : time.GetUtcNow();
            if (tls.ClientCert is not null)
                (_certificate, _fault) = PortCertificate.TryLoad(tls.ClientCert, null, now, out var fault) is { } loaded
                    ? (loaded, null)
                    : (_certificate, fault.Message);
            if (tls.Ca is not null && _authorities is null)
                throw new CryptographicException($"{tls.Ca} has no certificate in PEM.");
            (_isRead, _lastLook) = (true, time.GetTimestamp());
        }
    }
}
