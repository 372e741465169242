using Tunnel.Hub.Blocks;
using Tunnel.Shared.Firewall;
using Tunnel.Shared.Protocol.Addresses;

namespace Tunnel.Hub.UnitTests.Fakes;

/// <summary>Blocks that a test sets.</summary>
internal sealed class FakeBlocks : ITimedBlocks
{
    private readonly List<(Block Block, TimedBlock Timed)> _blocks = [];

    public event Action<Block>? Changed;

    public long Version { get; private set; }

    public IReadOnlyList<TimedBlock> For(string edgeId) =>
        [.. _blocks.Where(item => item.Block.AppliesTo(edgeId)).Select(item => item.Timed)];

    public void Add(string ip, int seconds, params string[] edges)
    {
        Assert.True(IpRange.TryParse(ip, out var source, out _));
        var block = new Block { Ip = ip, Edges = [.. edges], Since = DateTimeOffset.UnixEpoch, Until = DateTimeOffset.UnixEpoch };
        _blocks.Add((block, new TimedBlock(source, seconds)));
        Version++;
        Changed?.Invoke(block);
    }
}
