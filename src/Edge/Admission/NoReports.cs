using Tunnel.Edge.Listening;

namespace Tunnel.Edge.Admission;

/// <summary>Nobody wants to know who was turned away.</summary>
internal sealed class NoReports : IBlockedClients
{
    public static readonly NoReports Instance = new();

    public void Add(PortKey port, RefusalReason reason, UInt128? client, bool log)
    {
    }
}
