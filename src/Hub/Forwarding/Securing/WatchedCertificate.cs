using Tunnel.Hub.Certificates;

namespace Tunnel.Hub.Forwarding.Securing;

/// <summary>
/// A certificate and its key. They are loaded again when their files change; what can't be used leaves the old one, and operators are told
/// of it, as they are of an end that is near. One caller at a time looks; anybody may ask.
/// </summary>
internal sealed class WatchedCertificate
{
    private readonly PemSource _cert;
    private readonly PemSource? _key;
    private readonly TlsReports _reports;
    private readonly TimeProvider _time;
    private readonly ContentWatch _content;
    private volatile TlsFileState _state;
    private bool _isExpiryTold;

    /// <param name="cert">The certificate and its chain.</param>
    /// <param name="key">The key; null: it is where the certificate is.</param>
    /// <param name="reports">Is told what becomes of it.</param>
    /// <param name="time">The clock.</param>
    public WatchedCertificate(PemSource cert, PemSource? key, TlsReports reports, TimeProvider time)
    {
        (_cert, _key, _reports, _time) = (cert, key, reports, time);
        _content = new ContentWatch(cert, key);
        _state = new TlsFileState(cert.ToString(), null, null);
        Load();
    }

    /// <summary>The certificate in use, and what is wrong with the files' present content.</summary>
    public TlsFileState State => _state;

    /// <summary>Looks at the files.</summary>
    /// <returns>Whether another certificate is in use from now on.</returns>
    public bool Look()
    {
        var hasChanged = _content.HasChanged() && Load();
        if (!_isExpiryTold && _state.Certificate is { } certificate && certificate.Expires - _time.GetUtcNow() < CertificateEnd.Soon)
        {
            _isExpiryTold = true;
            _reports.OnExpiring(_state.Path, certificate);
        }

        return hasChanged;
    }

    private bool Load()
    {
        var old = _state.Certificate;
        DateTimeOffset? now = old is null ? null : _time.GetUtcNow();
        if (PortCertificate.TryLoad(_cert, _key, now, out var fault) is not { } loaded)
        {
            var source = (fault.IsOfKey ? _key ?? _cert : _cert).ToString();
            _state = _state with { Fault = source == _state.Path ? fault.Message : $"{fault.Message} ({source})" };
            _reports.OnFault(source, fault.Message, hasOld: old is not null);
            return false;
        }

        _state = _state with { Certificate = loaded, Fault = null };
        _isExpiryTold = false;
        _reports.OnLoaded(_state.Path, loaded);
        return true;
    }
}
