using Tunnel.Shared.Checks;

namespace Tunnel.Edge.Doctor.Checks;

/// <summary>Checks that the kernel grants UDP sockets buffers that are large enough for a burst.</summary>
/// <param name="ReadSetting">Returns a number of sysctl(8) by its path below /proc/sys; null when it can't be read.</param>
internal sealed record UdpBufferCheck(Func<string, long?> ReadSetting) : IEdgeCheck
{
    /// <summary>The buffer size that the edge asks for, in bytes.</summary>
    internal const long Wanted = 4 << 20;

    private static readonly string[] Settings = ["net/core/rmem_max", "net/core/wmem_max"];

    public string Name => "udp-buffers";

    public Task<CheckResult> RunAsync(DoctorContext context, CancellationToken cancellationToken) => Task.FromResult(Look());

    private CheckResult Look()
    {
        var values = Settings.Select(path => (Name: path.Replace('/', '.'), Value: ReadSetting(path))).ToArray();
        if (values.All(setting => setting.Value is null))
            return new CheckResult(Name, CheckStatus.Skipped, "not visible here (a container's network namespace has the host's)");
        var shown = string.Join(
            ", ",
            values.Select(
                setting => $"{setting.Name} = {setting.Value?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "?"}"));
        var small = values.Where(setting => setting.Value < Wanted).ToArray();
        return small.Length == 0
            ? new CheckResult(Name, CheckStatus.Ok, shown)
            : new CheckResult(Name, CheckStatus.Warning, $"{shown}: bursts of UDP and QUIC lose datagrams",
                $"in /etc/sysctl.d/90-tunnel.conf: {string.Join(" and ", small.Select(setting => $"{setting.Name} = {Wanted}"))}; then "
                    + "sysctl --system");
    }
}
