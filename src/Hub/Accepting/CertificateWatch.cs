using Microsoft.Extensions.Logging;
using Tunnel.Hub.Certificates;
using Tunnel.Hub.Configuration;
using Tunnel.Shared.Guarding;
using Tunnel.Shared.Hosting;

namespace Tunnel.Hub.Accepting;

/// <summary>
/// Loads a configured certificate again when the content of its files changes. A certificate with another key is announced first, so that
/// the connected edges know it before it is used. If the new files cannot be used, the certificate in use stays.
/// </summary>
internal sealed class CertificateWatch : IDisposable
{
    /// <summary>
    /// The number of looks after which an announced certificate is used in any case: an edge that has not confirmed it by then is gone or
    /// does not understand announcements.
    /// </summary>
    internal const int Patience = 10;

    private readonly Lock _lock = new();
    private readonly TlsOptions _files;
    private readonly HubCertificates _certificates;
    private readonly Action _changed;
    private readonly Func<string, bool> _isKnown;
    private readonly ILogger _logger;
    private readonly ITimer _timer;
    private readonly ContentWatch _content;
    private int _announcedFor;
    private bool _disposed;

    /// <param name="files">The paths of the certificate and its key; what is given as text does not change.</param>
    /// <param name="certificates">Where they are loaded into; the current content of the files counts as already in use.</param>
    /// <param name="changed">Tells the transports and the edges which certificate is in use and which one follows.</param>
    /// <param name="isKnown">Whether all connected edges accept a given pin.</param>
    /// <param name="time">The clock that times the looks.</param>
    /// <param name="logger">Receives changes and faults.</param>
    public CertificateWatch(
        TlsOptions files, HubCertificates certificates, Action changed, Func<string, bool> isKnown, TimeProvider time, ILogger logger)
    {
        (_files, _certificates, _changed, _isKnown, _logger) = (files, certificates, changed, isKnown, logger);
        _content = new ContentWatch(files.CertPem, files.KeyPem);
        _timer = time.CreateGuardedTimer(static self => self.Look(), this, ContentWatch.Interval, ContentWatch.Interval);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _timer.Dispose();
        lock (_lock)
            _disposed = true;
    }

    private void Look()
    {
        // A look that takes longer than the interval must not pile up.
        if (!_lock.TryEnter())
            return;
        try
        {
            if (!_disposed)
                LookAtFiles();
        }
        catch (Exception defect)
        {
            AcceptingLog.CertificateWatchFailed(_logger, defect);
        }
        finally
        {
            _lock.Exit();
        }
    }

    private void LookAtFiles()
    {
        if (_content.HasChanged())
        {
            Load();
        }
        else if (_certificates.Next is { } next && (++_announcedFor >= Patience || _isKnown(next.Pin)))
        {
            _certificates.UseNext();
            _changed();
        }
    }

    private void Load()
    {
        try
        {
            var loaded = HubCertificate.FromFiles(_files);
            _certificates.Offer(loaded);
            _announcedFor = 0;
            if (loaded.Pin == _certificates.Present.Pin)
                _certificates.UseNext();
            else
                AcceptingLog.CertificateOffered(_logger, loaded.Pin);
            _changed();
        }
        catch (OperatorException fault)
        {
            AcceptingLog.CertificateNotTaken(_logger, fault.Message);
        }
    }
}
