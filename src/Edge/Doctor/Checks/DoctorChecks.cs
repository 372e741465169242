using System.Globalization;
using System.Net;
using Tunnel.Shared.Sockets;
using Tunnel.Shared.Transport.Quic;
using Tunnel.Shared.Transport.Tls;
using TransportContext = Tunnel.Shared.Transport.TransportContext;

namespace Tunnel.Edge.Doctor.Checks;

/// <summary>The checks in their order, on this machine.</summary>
internal static class DoctorChecks
{
    // An unprivileged user's PATH often lacks the last.
    private static readonly string[] ProgramPlaces = ["/usr/bin", "/usr/sbin", "/sbin"];

    public static IReadOnlyList<ICheck> OfMachine(TransportContext transport, RunningPorts running)
    {
        var quic = new QuicTunnelDialer(transport);
        return
        [
            new DnsCheck(Dns.GetHostAddressesAsync, transport.Time),
            new TcpCheck(TcpCheck.ConnectAsync, transport.Time),
            new TlsCheck(transport.Time),
            new PathCheck(PathCheck.SayAsync, transport.Time),
            new QuicCheck(new QuicProbe(quic)),
            new AuthenticationCheck(new TlsTunnelDialer(transport), QuicLibrary.TryLoad(out _) ? quic : null),
            new PortsCheck(PortsCheck.TryBind, running),
            new NftablesCheck(FindProgram, ReadCapabilities),
            new DescriptorCheck(DescriptorLimit.Read),
            new UdpBufferCheck(ReadSetting),
            new TcpMemoryCheck(ReadFile),
            new ClockCheck(KernelClock.IsSynchronized, transport.Time),
        ];
    }

    private static string? FindProgram(string name) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries)
        .Concat(ProgramPlaces).Select(directory => Path.Combine(directory, name)).FirstOrDefault(File.Exists);

    private static ulong ReadCapabilities()
    {
        var line = File.ReadLines("/proc/self/status").FirstOrDefault(text => text.StartsWith("CapEff:", StringComparison.Ordinal));
        return line is null ? 0 : ulong.Parse(line["CapEff:".Length..].Trim(), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
    }

    private static long? ReadSetting(string path) =>
        long.TryParse(ReadFile(Path.Combine("/proc/sys", path))?.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : null;

    private static string? ReadFile(string path) => File.Exists(path) ? File.ReadAllText(path) : null;
}
