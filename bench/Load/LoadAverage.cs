using System.Globalization;

namespace Tunnel.Bench.Load;

/// <summary>How busy the machine is, which belongs beside each figure.</summary>
internal static class LoadAverage
{
    /// <summary>Returns the load of the last minute (proc_loadavg(5)).</summary>
    public static async Task<double> ReadAsync() =>
        double.Parse((await File.ReadAllTextAsync("/proc/loadavg")).Split(' ')[0], CultureInfo.InvariantCulture);
}
