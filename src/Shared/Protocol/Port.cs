namespace Tunnel.Shared.Protocol;

/// <summary>The range of TCP and UDP port numbers that can be assigned; 0 means "any" to the kernel and is not a port.</summary>
internal static class Port
{
    public const int Min = 1;
    public const int Max = 65535;
}
