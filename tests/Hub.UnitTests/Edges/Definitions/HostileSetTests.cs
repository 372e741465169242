using System.Text;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Shared.Operator;

namespace Tunnel.Hub.UnitTests.Edges.Definitions;

public sealed class HostileSetTests
{
    private const int Size = 4 << 20;

    [Theory]
    [InlineData("[", "0,", "0]")]
    [InlineData("[", "{},", "{}]")]
    [InlineData("[", "{\"a\":0},", "{}]")]
    [InlineData("[{\"listenPorts\":[", "0,", "0]}]")]
    [InlineData("[{\"listenPorts\":[", "\"9-1\",", "0]}]")]
    [InlineData("[{\"ports\":{\"default\":{\"allowCidrs\":[", "\"\",", "\"\"]}}}]")]
    [InlineData("[{\"firewallConfig\":{\"blockedIps\":[", "0,", "0]}}]")]
    [InlineData("[{\"firewallConfig\":{\"rules\":[", "{},", "{}]}}]")]
    [InlineData("[{\"id\":\"", "\\u0000", "\"}]")]
    public void Junk_costs_a_small_multiple_of_itself(string start, string item, string end)
    {
        var text = Encoding.UTF8.GetBytes(start + string.Concat(Enumerable.Repeat(item, Size / item.Length)) + end);
        var before = GC.GetAllocatedBytesForCurrentThread();
        using var document = JsonText.Parse(text, out var malformed);
        var faults = new FaultList();
        if (document is not null)
            EdgeSetValidator.Validate(new EdgeDefinitionReader(faults).ReadSet(document.RootElement, "$", 10_000), _ => true, 10_000);
        var cost = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.False(faults.IsEmpty && malformed.IsEmpty && document is null);
        Assert.InRange(cost, 0, 32L * Size);
    }
}
