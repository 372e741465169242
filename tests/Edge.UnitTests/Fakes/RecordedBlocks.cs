using System.Collections.Concurrent;
using Tunnel.Edge.Endpoints;
using Tunnel.Edge.Refusing;

namespace Tunnel.Edge.UnitTests.Fakes;

/// <summary>Remembers which sources were turned away.</summary>
internal sealed class RecordedBlocks : IBlockedClients
{
    public ConcurrentQueue<(PortKey Port, RefusalReason Reason, UInt128? Client, bool Log)> Items { get; } = new();

    public void Add(PortKey port, RefusalReason reason, UInt128? client, bool log) => Items.Enqueue((port, reason, client, log));
}
