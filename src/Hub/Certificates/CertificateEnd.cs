using Tunnel.Shared.Text;

namespace Tunnel.Hub.Certificates;

/// <summary>Says when a certificate ends, and when that is a warning.</summary>
internal static class CertificateEnd
{
    /// <summary>How long before its end a certificate is warned of.</summary>
    public static readonly TimeSpan Soon = TimeSpan.FromDays(14);

    /// <summary>Says when a certificate ends: <c>ends in 9 d</c>, <c>ended 3 h ago</c>.</summary>
    public static string Describe(DateTimeOffset expires, DateTimeOffset now) =>
        expires > now ? $"ends in {TimeText.Format(expires - now)}" : $"ended {TimeText.Format(now - expires)} ago";
}
