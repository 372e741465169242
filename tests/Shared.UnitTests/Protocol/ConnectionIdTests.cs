using System.Text;
using Tunnel.Shared.Protocol;

namespace Tunnel.Shared.UnitTests.Protocol;

public sealed class ConnectionIdTests
{
    [Fact]
    public void It_is_derived_as_the_protocol_says()
    {
        // An id has the first 95 bits of SHA-256("abc"), the kind and the number.
        var key = TunnelKey.Of("abc");
        Assert.Equal("ba7816bf8f01cfea414140de00000007", key.Connection(7, udp: false).ToString());
        Assert.Equal("ba7816bf8f01cfea414140df00000007", key.Connection(7, udp: true).ToString());
    }

    [Fact]
    public void Its_bytes_are_its_text_without_an_allocation()
    {
        var id = TunnelKey.Of("a tunnel").Connection(uint.MaxValue, udp: true);
        var text = new byte[ConnectionId.TextLength];
        id.Write(text);
        Assert.Equal(id.ToString(), Encoding.ASCII.GetString(text));
        Allocation.AssertNone(() => id.Write(text));
    }

    [Fact]
    public void Tunnels_streams_and_sessions_have_different_ids()
    {
        ConnectionId[] ids = [.. new[] { "a", "b" }.Select(TunnelKey.Of).SelectMany(key => new[] { 1u, 2u }
            .SelectMany(number => new[] { key.Connection(number, false), key.Connection(number, true) }))];
        Assert.Equal(8, ids.Distinct().Count());
    }
}
