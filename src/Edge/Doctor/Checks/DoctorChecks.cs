using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using Tunnel.Shared.Checks;
using Tunnel.Shared.Hosting;
using Tunnel.Shared.Transport.Quic;
using Tunnel.Shared.Transport.Tls;
using TransportContext = Tunnel.Shared.Transport.TransportContext;

namespace Tunnel.Edge.Doctor.Checks;

/// <summary>Creates the checks of this machine, in the order in which they run.</summary>
internal static class DoctorChecks
{
    // The PATH of an unprivileged user often lacks the last two of these.
    private static readonly string[] ProgramPlaces = ["/usr/bin", "/usr/sbin", "/sbin"];

    /// <param name="hubs">The edge with each of its hubs, the way to which is checked one after the other.</param>
    /// <param name="transport">The context of the tunnels that are tried.</param>
    /// <param name="found">Where the settings come from.</param>
    /// <param name="service">The running service; null when none was found.</param>
    /// <param name="running">Returns the ports of the running service.</param>
    /// <param name="readLimit">Returns the descriptor limit of the running service.</param>
    /// <param name="readAwaited">Returns what the running service says of the hub; null where this edge dials.</param>
    public static IReadOnlyList<IEdgeCheck> OfMachine(
        ImmutableArray<DoctorContext> hubs, TransportContext transport, CheckResult found, ServiceProcess? service,
        Func<CancellationToken, Task<RunningPorts?>> running, Func<CancellationToken, Task<long?>> readLimit,
        Func<CancellationToken, Task<AwaitedHub?>>? readAwaited)
    {
        var quic = new QuicTunnelDialer(transport);
        IReadOnlyList<IEdgeCheck> way = readAwaited is not null ? [new AwaitCheck(readAwaited)] :
        [
            new DnsCheck(Dns.GetHostAddressesAsync, transport.Time),
            new TcpCheck(TcpCheck.ConnectAsync, transport.Time),
            new ProxyCheck(transport.Time),
            new TlsCheck(transport.Time),
            new PathCheck(PathCheck.SayAsync, transport.Time),
            new QuicCheck(new QuicProbe(quic)),
            new AuthenticationCheck(new TlsTunnelDialer(transport), QuicLibrary.TryLoad(out _) ? quic : null),
        ];
        return
        [
            new SettingsCheck(found),
            .. hubs.Length == 1 ? way : [.. hubs.SelectMany(hub => way.Select(check => new HubCheck(check, hub)))],
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

    // The service's capabilities are read when it runs, because whoever runs the check may have other rights.
    private static ulong ReadCapabilities(ServiceProcess? service)
    {
        var own = ReadFile("/proc/self/status")?.Split('\n').FirstOrDefault(
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
