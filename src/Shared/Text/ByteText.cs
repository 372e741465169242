using System.Globalization;

namespace Tunnel.Shared.Text;

/// <summary>Writes numbers of bytes for people.</summary>
public static class ByteText
{
    /// <summary>Writes a number of bytes, such as <c>512 B</c> or <c>1.5 MiB</c>.</summary>
    public static string Format(long bytes) => bytes switch
    {
        < 1 << 10 => string.Create(CultureInfo.InvariantCulture, $"{bytes} B"),
        < 1 << 20 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1024.0:0.0} KiB"),
        < 1 << 30 => string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1 << 20):0.0} MiB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1 << 30):0.0} GiB"),
    };
}
