namespace Tunnel.Edge.Endpoints;

/// <summary>The protocol that a port speaks.</summary>
internal enum PortProtocol : byte
{
    Tcp,
    Udp,
}

/// <summary>One public port.</summary>
internal readonly record struct PortKey(PortProtocol Protocol, int Number) : IComparable<PortKey>
{
    /// <summary><c>tcp</c> or <c>udp</c>, as in REPORT (protocol.md section 2.6).</summary>
    public string ProtocolName => Protocol == PortProtocol.Tcp ? "tcp" : "udp";

    public static PortKey Tcp(int port) => new(PortProtocol.Tcp, port);

    public static PortKey Udp(int port) => new(PortProtocol.Udp, port);

    public int CompareTo(PortKey other) =>
        Protocol != other.Protocol ? Protocol.CompareTo(other.Protocol) : Number.CompareTo(other.Number);

    public override string ToString() => $"{ProtocolName}/{Number}";
}
