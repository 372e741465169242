using Tunnel.Shared.Sockets;

namespace Tunnel.Shared.Strangers;

/// <summary>The limits on connections that have not authenticated.</summary>
/// <param name="Total">How many may exist at once.</param>
/// <param name="PerPrefix">How many of them may come from one IPv4 address or IPv6 /64.</param>
/// <param name="Timeout">Their time, from the connect until the line has been checked.</param>
public sealed record StrangerLimits(int Total, int PerPrefix, TimeSpan Timeout)
{
    /// <summary>
    /// Takes the limits from settings, with a total of at most an eighth of the descriptors that the process may have.
    /// </summary>
    public static StrangerLimits Of(int total, int perPrefix, TimeSpan timeout) =>
        new((int)Math.Clamp(DescriptorLimit.Read().Soft / 8, 1, total), perPrefix, timeout);

    /// <summary>The limits where no settings say others.</summary>
    public static StrangerLimits Default { get; } = new(1024, 64, TimeSpan.FromSeconds(10));
}
