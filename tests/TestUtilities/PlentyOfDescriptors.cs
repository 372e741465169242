using Tunnel.Shared.Sockets;

namespace Tunnel.TestUtilities;

/// <summary>A guard that refuses nobody.</summary>
public static class PlentyOfDescriptors
{
    public static DescriptorGuard Guard { get; } = new(() => int.MaxValue, TimeProvider.System);
}
