using System.Net;
using Tunnel.Shared.Checks;

namespace Tunnel.Hub.Doctor;

/// <summary>The checks on this machine, in their order.</summary>
internal static class HubChecks
{
    public static IReadOnlyList<ICheck<HubDoctorContext>> OfMachine(TimeProvider time) =>
    [
        new ServiceCheck(),
        new CertificateCheck(time),
        new PortCertificatesCheck(time),
        new StateDirectoryCheck(),
        new TunnelPortCheck(TcpReach.ConnectAsync, time),
        new EdgesCheck(time),
        new DialledEdgesCheck(Dns.GetHostAddressesAsync, DialledEdgesCheck.ConnectAsync, time),
        new UpstreamsCheck(Dns.GetHostAddressesAsync, UpstreamsCheck.ConnectAsync, time),
        new HubDescriptorsCheck(),
        new HubClockCheck(KernelClock.IsSynchronized, time),
    ];
}
