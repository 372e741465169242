using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Tunnel.Hub.Certificates;
using Tunnel.Hub.Configuration;
using Tunnel.Shared.Files;
using Tunnel.Shared.Hosting;

namespace Tunnel.Hub.Accepting;

/// <summary>
/// The hub's certificate and the one that will replace it. Edges are told the pins of both (protocol.md section 7), so that they know the
/// next key before it is used. Safe to use from any thread.
/// </summary>
internal sealed class HubCertificates : IDisposable
{
    public const string NextFileName = "hub-certificate-next.pem";

    private const string Configured =
        "The hub's certificate is the operator's (tls.certPem), not the hub's own: put another one into those files. The hub takes it up "
            + "by itself, and tells its pin to the edges that are connected.";

    private readonly Lock _lock = new();
    private readonly bool _isConfigured;
    private readonly string _stateDir;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    // They are kept because handshakes that are under way still use them.
    private readonly List<HubCertificate> _retired = [];
    private volatile HubCertificate _present;
    private volatile HubCertificate? _next;

    private HubCertificates(TlsOptions options, string stateDir, TimeProvider time, ILogger logger)
    {
        (_isConfigured, _stateDir, _time, _logger) = (options.CertPem is not null, stateDir, time, logger);
        _present = HubCertificate.Load(options, stateDir, time, logger);
    }

    public HubCertificate Present => _present;

    public HubCertificate? Next => _next;

    /// <summary>The pins that edges shall accept from now on.</summary>
    public ImmutableArray<string> Pins => _next is { } next ? [_present.Pin, next.Pin] : [_present.Pin];

    private string NextPath => Path.Combine(_stateDir, NextFileName);

    /// <summary>Loads the present certificate, or makes it, and loads the next one if there is one.</summary>
    /// <exception cref="OperatorException">A file can't be read or is not a certificate, or certificate and key don't belong
    /// together.</exception>
    public static HubCertificates Load(TlsOptions options, string stateDir, TimeProvider time, ILogger logger)
    {
        var certificates = new HubCertificates(options, stateDir, time, logger);
        try
        {
            if (!certificates._isConfigured && UnixFile.At(certificates.NextPath) is not null)
                certificates._next = HubCertificate.FromState(certificates.NextPath);
            return certificates;
        }
        catch
        {
            certificates.Dispose();
            throw;
        }
    }

    /// <summary>Makes the next certificate and keeps it in the state directory; returns the existing one if it was made before.</summary>
    /// <exception cref="OperatorException">The certificate is configured, or the state directory can't be written.</exception>
    public HubCertificate MakeNext()
    {
        lock (_lock)
        {
            if (_isConfigured)
                throw new OperatorException(Configured);
            if (_next is { } next)
                return next;
            HubCertificate.Create(_stateDir, NextPath, _time);
            next = _next = HubCertificate.FromState(NextPath);
            AcceptingLog.NextCertificateMade(_logger, NextPath, next.Pin);
            return next;
        }
    }

    /// <summary>
    /// Takes a certificate and a key of the operator's as the next ones and keeps them in the state directory, in place of a next one that
    /// was made or taken before.
    /// </summary>
    /// <exception cref="UnusableCertificateException">The new one can't be used.</exception>
    /// <exception cref="OperatorException">The certificate is configured, or the state directory can't be written.</exception>
    public HubCertificate TakeNext(PemSource certificate, PemSource key)
    {
        lock (_lock)
        {
            if (_isConfigured)
                throw new OperatorException(Configured);
            using (var taken = HubCertificate.Take(certificate, key))
                HubCertificate.Keep(_stateDir, NextPath, taken.ToPem());
            var next = HubCertificate.FromState(NextPath);
            Offer(next);
            AcceptingLog.NextCertificateTaken(_logger, NextPath, next.Pin);
            return next;
        }
    }

    /// <summary>Makes the next certificate the present one for all connections from now on. The old key is then gone.</summary>
    /// <exception cref="OperatorException">There is no next certificate, or the state directory can't be written.</exception>
    public HubCertificate Switch()
    {
        lock (_lock)
        {
            if (_isConfigured)
                throw new OperatorException(Configured);
            if (_next is not { } next)
            {
                throw new OperatorException(
                    "There is no next certificate. Make one first (tunnel-hub certificate next), and switch when the edges have been "
                    + "connected since.");
            }

            var files = new StateFiles();
            try
            {
                files.Rename(NextPath, Path.Combine(_stateDir, HubCertificate.FileName));
                files.FlushDirectory(_stateDir);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new OperatorException(
                    $"stateDir '{_stateDir}': the next certificate can't take its place there: {FileFault.Of(e, _stateDir)}. "
                    + "Valid: a directory that the hub can write.",
                    e);
            }

            UseNext();
            return next;
        }
    }

    /// <summary>
    /// Takes a new certificate as the next one; a next one that was offered before and is not in use is dropped.
    /// </summary>
    public void Offer(HubCertificate next)
    {
        lock (_lock)
        {
            if (_next is { } before)
                _retired.Add(before);
            _next = next;
        }
    }

    /// <summary>Makes the next certificate the present one for all connections from now on; does nothing without a next one.</summary>
    public void UseNext()
    {
        lock (_lock)
        {
            if (_next is not { } next)
                return;
            _retired.Add(_present);
            (_present, _next) = (next, null);
            AcceptingLog.CertificateSwitched(_logger, next.Pin);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var certificate in _retired.Append(_present).Concat(_next is { } next ? [next] : []))
            certificate.Dispose();
    }
}
