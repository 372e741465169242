using Tunnel.Shared.Sockets;

namespace Tunnel.Edge.Ports;

/// <summary>
/// Limits how many ports this edge binds, whatever its hub assigns. Each port takes a descriptor for as long as it is bound and some
/// kilobytes, and the clients of the ports need descriptors and memory too.
/// </summary>
internal sealed class PortLimit(DescriptorGuard descriptors)
{
    /// <summary>The highest limit with any number of descriptors: at some 3 KB per port about 60 MB.</summary>
    public const int Max = 16_384;

    // The descriptors that the program has open without any port.
    private const int Own = 256;

    /// <summary>The present limit: half of the descriptors. The other half is for clients.</summary>
    public int Most => (int)Math.Clamp((descriptors.Limit - Own) / 2, 1, Max);

    /// <summary>Says why no more ports are bound, for the operators of both sides.</summary>
    public string Objection => Most < Max
        ? $"over this edge's limit of {Most} ports: half of its file descriptors (LimitNOFILE)"
        : $"over this edge's limit of {Most} ports";
}
