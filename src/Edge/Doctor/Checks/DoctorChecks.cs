using System.Globalization;
using System.Net;
using Tunnel.Shared.Checks;
using Tunnel.Shared.Hosting;
using Tunnel.Shared.Transport.Quic;
using Tunnel.Shared.Transport.Tls;
using TransportContext = Tunnel.Shared.Transport.TransportContext;

namespace Tunnel.Edge.Doctor.Checks;

/// <summary>The checks in their order, on this machine.</summary>
internal static class DoctorChecks
{
    // An unprivileged user's PATH often lacks the last.
    private static readonly string[] ProgramPlaces = ["/usr/bin", "/usr/sbin", "/sbin"];

    /// <param name="transport">For tunnels that are tried.</param>
    /// <param name="found">Where the settings come from.</param>
    /// <param name="service">The running service; null when none is found.</param>
    /// <param name="running">Its ports.</param>
    /// <param name="readLimit">Its limit of descriptors.</param>
    public static IReadOnlyList<ICheck> OfMachine(
        TransportContext transport, CheckResult found, ServiceProcess? service, RunningPorts running,
        Func<CancellationToken, Task<long?>> readLimit)
    {
        var quic = new QuicTunnelDialer(transport);
        return
        [
            new SettingsCheck(found),
            new DnsCheck(Dns.GetHostAddressesAsync, transport.Time),
            new TcpCheck(TcpCheck.ConnectAsync, transport.Time),
            new TlsCheck(transport.Time),
            new PathCheck(PathCheck.SayAsync, transport.Time),
            new QuicCheck(new QuicProbe(quic)),
            new AuthenticationCheck(new TlsTunnelDialer(transport), QuicLibrary.TryLoad(out _) ? quic : null),
            new PortsCheck(PortsCheck.TryBind, running),
            new NftablesCheck(FindProgram, () => ReadCapabilities(service)),
            new DescriptorCheck(readLimit),
            new UdpBufferCheck(ReadSetting),
            new TcpMemoryCheck(ReadFile),
            new ClockCheck(KernelClock.IsSynchronized, transport.Time),
        ];
    }

    private static string? FindProgram(string name) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries)
        .Concat(ProgramPlaces).Select(directory => Path.Combine(directory, name)).FirstOrDefault(File.Exists);

    // Of the service where there is one: who looks may have other rights.
    private static ulong ReadCapabilities(ServiceProcess? service)
    {
        var own = File.ReadLines("/proc/self/status").FirstOrDefault(
            text => text.StartsWith("CapEff:", StringComparison.Ordinal))?["CapEff:".Length..].Trim();
        return (service?.Status("CapEff") ?? own) is { } mask
            ? ulong.Parse(mask, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture)
            : 0;
    }

    private static long? ReadSetting(string path) =>
        long.TryParse(ReadFile(Path.Combine("/proc/sys", path))?.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var value)
            ? value
            : null;

    private static string? ReadFile(string path) => File.Exists(path) ? File.ReadAllText(path) : null;
}
