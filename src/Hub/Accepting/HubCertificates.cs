using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Tunnel.Hub.Configuration;
using Tunnel.Shared.Files;
using Tunnel.Shared.Hosting;

namespace Tunnel.Hub.Accepting;

/// <summary>
/// The hub's certificate and the one that shall follow it: edges are told the pins of both (protocol.md section 7), so that they know the
/// next key before it is used. Any thread.
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
    // Handshakes that are under way still use them.
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

    /// <summary>What edges shall accept from now on.</summary>
    public ImmutableArray<string> Pins => _next is { } next ? [_present.Pin, next.Pin] : [_present.Pin];

    private string NextPath => Path.Combine(_stateDir, NextFileName);

    /// <summary>Loads both, or makes the present one.</summary>
    /// <exception cref="OperatorException">A file can't be read, is no certificate, or certificate and key don't belong
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

    /// <summary>Makes the next certificate and keeps it in the state; leaves one that is there already as it is.</summary>
    /// <exception cref="OperatorException">The certificate is configured, or the state can't be written.</exception>
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

    /// <summary>Makes the next certificate the present one, for connections that come from now on. The old key is gone then.</summary>
    /// <exception cref="OperatorException">There is no next one, or the state can't be written.</exception>
    public HubCertificate Switch()
    {
        lock (_lock)
        {
            if (_isConfigured)
                throw new OperatorException(Configured);
            if (_next is not { } next)
                throw new OperatorException(
                    "There is no next certificate. Make one first (tunnel-hub certificate next), and switch when the edges have been "
                    + "connected since.");
            var files = new StateFiles();
            try
            {
                files.Rename(NextPath, Path.Combine(_stateDir, HubCertificate.FileName));
                files.FlushDirectory(_stateDir);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new OperatorException(
                    $"stateDir '{_stateDir}': the next certificate can't take its place there: {e.Message} Valid: a directory that the "
                    + "hub can write.",
                    e);
            }

            UseNext();
            return next;
        }
    }

    /// <summary>
    /// The configured files have another one, which is to follow; one that was offered before and is not in use is forgotten.
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

    /// <summary>Makes the next one the present one, for connections that come from now on.</summary>
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
