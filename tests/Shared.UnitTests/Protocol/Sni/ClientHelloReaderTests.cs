using Tunnel.Shared.Protocol.Sni;
using Tunnel.TestUtilities.Wire;

namespace Tunnel.Shared.UnitTests.Protocol.Sni;

public sealed class ClientHelloReaderTests
{
    public static TheoryData<string, byte[], string?, string[]> Hellos => new()
    {
        { "openssl 1.3", ClientHellos.OpenSslTls13, "www.example.com", ["h2", "http/1.1"] },
        { "openssl 1.2", ClientHellos.OpenSslTls12, "www.example.com", [] },
        { "no name", ClientHellos.WithoutName, null, [] },
        { "two records", ClientHellos.SmallRecords, "www.example.com", [.. Enumerable.Range(0, 16).Select(i => $"proto-{i:000}")] },
        { "curl", ClientHellos.Curl, "curl.example.com", ["h2", "http/1.1"] },
        { "encrypted hello", ClientHellos.WithEncryptedHello, "ech.example.com", ["h2"] },
        { "post-quantum", ClientHellos.PostQuantum, "pq.example.com", ["h2", "http/1.1"] },
        { "Chromium", ClientHellos.Chromium, "chromium.test", ["h2", "http/1.1"] },
    };

    [Theory]
    [MemberData(nameof(Hellos))]
    public void The_name_and_the_protocols_are_read_however_the_hello_is_split(string what, byte[] bytes, string? name, string[] protocols)
    {
        Check(Whole(bytes));
        Check(Bytewise(bytes));
        foreach (var size in (int[])[1, 2, 3, 7, 100])
        {
            var split = ClientHellos.InRecords(ClientHellos.MessageOf(bytes), size);
            Check(Whole(split));
            Check(Bytewise(split));
        }

        void Check((ClientHelloStatus Status, ClientHello? Hello) read)
        {
            Assert.Equal((what, ClientHelloStatus.Complete), (what, read.Status));
            Assert.Equal(name, read.Hello!.ServerName);
            Assert.Equal(protocols, read.Hello.Protocols);
            Assert.Equal(what is "encrypted hello" or "Chromium", read.Hello.HasEncryptedHello);
        }
    }

    [Fact]
    public void A_name_behind_post_quantum_key_shares_comes_with_the_second_segment_or_record()
    {
        const int segment = 1_448;
        var hello = ClientHellos.Chromium;
        // The hello has a share of X25519MLKEM768 (1,216 bytes), and the name after it.
        Assert.InRange(hello.AsSpan().IndexOf((byte[])[0x11, 0xEC, 0x04, 0xC0]), 0, hello.AsSpan().IndexOf("chromium.test"u8));
        var reader = new ClientHelloReader();
        Assert.Equal(ClientHelloStatus.Incomplete, reader.Read(hello.AsSpan(0, segment)));
        Assert.Equal(ClientHelloStatus.Complete, reader.Read(hello));
        Assert.Equal("chromium.test", reader.Hello!.ServerName);
        var message = ClientHellos.MessageOf(hello);
        var records = ClientHellos.InRecords(message, (message.Length + 1) / 2);
        reader = new ClientHelloReader();
        Assert.Equal(ClientHelloStatus.Incomplete, reader.Read(records.AsSpan(0, (records.Length / 2) + 1)));
        Assert.Equal(ClientHelloStatus.Complete, reader.Read(records));
        Assert.Equal("chromium.test", reader.Hello!.ServerName);
    }

    [Fact]
    public void Bytes_behind_the_hello_make_no_difference() =>
        Assert.Equal("curl.example.com", Whole([.. ClientHellos.Curl, 23, 3, 3, 0, 1, 9]).Hello!.ServerName);

    [Theory]
    [InlineData("GET / HTTP/1.1\r\n")]
    [InlineData("SSH-2.0-OpenSSH_9.2\r\n")]
    [InlineData("\u0016GET")]
    [InlineData("\u0016\u0003\u0001\0\0")] // The record is empty.
    [InlineData("\u0016\u0003\u0001\0\u0001\u0002")] // This is a ServerHello.
    [InlineData("\u0016\u0003\u0001\0\u0004\u0001\0\0\0")] // The ClientHello is empty.
    public void What_is_not_tls_is_known_at_once(string text)
    {
        var bytes = text.Select(letter => (byte)letter).ToArray();
        Assert.Equal(ClientHelloStatus.NotTls, Whole(bytes).Status);
        Assert.Equal(ClientHelloStatus.NotTls, Bytewise(bytes).Status);
    }

    [Fact]
    public void A_hello_over_the_limit_is_not_waited_for()
    {
        Assert.Equal(ClientHelloStatus.TooLong, new ClientHelloReader().Read(ClientHellos.Huge.AsSpan(0, 9)));
        Assert.Equal(ClientHelloStatus.TooLong, Bytewise(ClientHellos.Huge).Status);
        // A short ClientHello that is made long by the headers of its records is refused, too.
        var thin = ClientHellos.InRecords(ClientHellos.MessageOf(ClientHellos.Make("a.example.com", [], (21, new byte[4000]))), 1);
        Assert.Equal(ClientHelloStatus.TooLong, Whole(thin).Status);
        Assert.Equal(ClientHelloStatus.TooLong, Bytewise(thin).Status);
    }

    [Theory]
    [InlineData("WWW.Example.COM.", "www.example.com")]
    [InlineData("_sip.example.com", "_sip.example.com")]
    [InlineData("a b.example.com", null)]
    [InlineData("bücher.example.com", null)]
    [InlineData("a..example.com", null)]
    [InlineData("example.com\r\nX", null)]
    [InlineData("", null)]
    [InlineData(".", null)]
    public void A_name_that_no_host_can_have_is_none(string sent, string? name) =>
        Assert.Equal(name, Whole(ClientHellos.Make(sent, [])).Hello!.ServerName);

    [Fact]
    public void Hostile_input_never_throws_and_costs_little() =>
        HostileInput.FeedBounded(
            input => new ClientHelloReader().Read(input),
            [ClientHellos.OpenSslTls13, ClientHellos.SmallRecords, ClientHellos.Curl, ClientHellos.PostQuantum], maxAllocated: 8 << 10);

    private static (ClientHelloStatus Status, ClientHello? Hello) Whole(byte[] bytes)
    {
        var reader = new ClientHelloReader();
        return (reader.Read(bytes), reader.Hello);
    }

    private static (ClientHelloStatus Status, ClientHello? Hello) Bytewise(byte[] bytes)
    {
        var reader = new ClientHelloReader();
        for (var length = 0; length <= bytes.Length; length++)
        {
            if (reader.Read(bytes.AsSpan(0, length)) is var status and not ClientHelloStatus.Incomplete)
                return (status, reader.Hello);
        }

        return (ClientHelloStatus.Incomplete, null);
    }
}
