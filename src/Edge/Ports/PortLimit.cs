using Tunnel.Shared.Sockets;

namespace Tunnel.Edge.Ports;

/// <summary>
/// How many ports this edge binds, whatever its hub assigns: each takes a descriptor for good and some kilobytes, and those who come by
/// them need some too.
/// </summary>
internal sealed class PortLimit(DescriptorGuard descriptors)
{
    /// <summary>The most, with any number of descriptors: at some 5 KB each about 80 MB.</summary>
    public const int Max = 16_384;

    // What a program has open without any port.
    private const int Own = 256;

    /// <summary>The most now: half of the descriptors, the other half is for clients.</summary>
    public int Most => (int)Math.Clamp((descriptors.Limit - Own) / 2, 1, Max);

    /// <summary>Why there are no more, for the operators of both sides.</summary>
    public string Objection => Most < Max
        ? $"over this edge's limit of {Most} ports: half of its file descriptors (LimitNOFILE)"
        : $"over this edge's limit of {Most} ports";
}
