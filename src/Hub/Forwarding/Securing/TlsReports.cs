using Microsoft.Extensions.Logging;
using Tunnel.Hub.Certificates;
using Tunnel.Hub.Events;

namespace Tunnel.Hub.Forwarding.Securing;

/// <summary>Tells operators what becomes of ports' certificates, by log lines and events.</summary>
internal sealed class TlsReports(HubEventFeed events, TimeProvider time, ILogger<TlsReports> logger)
{
    public void OnLoaded(string path, PortCertificate certificate)
    {
        TlsLog.Loaded(logger, path, string.Join(", ", certificate.Names), certificate.Expires);
        events.Post(new CertificateLoadedEvent(path, certificate.Names, certificate.Expires) { Time = time.GetUtcNow() });
    }

    public void OnFault(string path, string fault, bool hasOld)
    {
        if (hasOld)
            TlsLog.NotTaken(logger, path, fault);
        else
            TlsLog.Unusable(logger, path, fault);
        events.Post(new CertificateFailedEvent(path, fault, hasOld) { Time = time.GetUtcNow() });
    }

    public void OnExpiring(string path, PortCertificate certificate)
    {
        TlsLog.Expiring(logger, path, certificate.Expires);
        events.Post(new CertificateExpiringEvent(path, certificate.Names, certificate.Expires) { Time = time.GetUtcNow() });
    }
}
