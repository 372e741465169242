using System.Net;
using System.Text;
using Tunnel.Hub.Forwarding.Entering;
using Tunnel.Shared.Protocol;
using Tunnel.Shared.Protocol.Proxy;
using Tunnel.Shared.Transport;

namespace Tunnel.Hub.UnitTests.Forwarding;

public sealed class HeaderFieldsTests
{
    private static readonly ConnectionId Id = TunnelKey.Of("tunnel").Connection(3, udp: false);
    private static readonly StreamOpening Opening = new(ForwardingFixture.Client, ForwardingFixture.Public, 443);

    [Fact]
    public void Id_edge_transport_and_checksum_are_always_there()
    {
        var fields = Read(new HeaderFields(Id, "edge-1", TransportKind.Quic));
        Assert.Equal(
            [ProxyTlvType.UniqueId, ProxyTlvType.EdgeId, ProxyTlvType.Transport, ProxyTlvType.Crc32C], fields.Select(field => field.Type));
        Assert.Equal([Id.ToString(), "edge-1", "quic"], fields.Take(3).Select(field => Encoding.ASCII.GetString(field.Value)));
    }

    [Fact]
    public void What_is_known_of_tls_goes_with_it()
    {
        var fields = Read(new HeaderFields(Id, "edge-1", TransportKind.TcpTls)
        {
            ServerName = "www.example.com",
            Protocol = "h2",
            Tls = new TlsFacts("TLSv1.3", "TLS_AES_256_GCM_SHA384", "bücher"),
            Extra = [new ProxyTlv(0xE8, "own"u8.ToArray())],
        });

        Assert.Equal("h2", Text(ProxyTlvType.Alpn));
        Assert.Equal("www.example.com", Text(ProxyTlvType.Authority));
        Assert.Equal("tcpTls", Text(ProxyTlvType.Transport));
        Assert.Equal("own", Text(0xE8));
        var tls = fields.Single(field => field.Type == ProxyTlvType.Ssl).Value;
        Assert.Equal(
            [3, 0, 0, 0, 0, 0x21, 0, 7, .. "TLSv1.3"u8, 0x23, 0, 22, .. "TLS_AES_256_GCM_SHA384"u8, 0x22, 0, 7, .. "bücher"u8], tls);

        string Text(byte type) => Encoding.ASCII.GetString(fields.Single(field => field.Type == type).Value);
    }

    [Fact]
    public void The_longest_fit()
    {
        var text = new string('x', 255);
        var fields = Read(new HeaderFields(Id, new string('e', 64), TransportKind.TcpTls)
        {
            ServerName = text[..253],
            Protocol = text,
            Tls = new TlsFacts(text, text, text),
            Extra = [new ProxyTlv(0xE8, new byte[HeaderFields.MaxExtraLength - 3])],
        });
        Assert.Equal(8, fields.Count);
    }

    [Fact]
    public void Nothing_is_allocated_for_it()
    {
        var buffer = new byte[HeaderFields.MaxHeaderLength];
        var fields = new HeaderFields(Id, "edge-1", TransportKind.TcpTls) { ServerName = "www.example.com", Protocol = "h2" };
        fields.Write(buffer, Opening, ProxyTransport.Stream);
        var before = GC.GetAllocatedBytesForCurrentThread();
        fields.Write(buffer, Opening, ProxyTransport.Stream);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    // The reader checks the checksum.
    private static List<(byte Type, byte[] Value)> Read(HeaderFields fields)
    {
        var buffer = new byte[HeaderFields.MaxHeaderLength];
        var opening = Opening with { Source = new IPEndPoint(IPAddress.Parse("2001:db8::7"), 1) };
        var length = fields.Write(buffer, opening, ProxyTransport.Stream);
        Assert.Equal(
            ProxyParseStatus.Complete,
            ProxyV2.TryParse(buffer.AsSpan(0, length), ProxyV2.MaxLength, out var header, out var tlvs, out var used));
        Assert.Equal((length, opening.Source), (used, header.Source));
        List<(byte, byte[])> found = [];
        foreach (var tlv in tlvs)
            found.Add((tlv.Type, tlv.Value.ToArray()));
        return found;
    }
}
