using System.Buffers.Binary;
using System.Net;
using FsCheck;
using FsCheck.Fluent;
using Tunnel.Edge.PublicAddress;

namespace Tunnel.Edge.UnitTests.PublicAddress;

public sealed class StunMessageTests
{
    // RFC 5769 has these test vectors for STUN; each has a FINGERPRINT.
    private static readonly byte[] SampleId = Convert.FromHexString("b7e7a701bc34d686fa87dfae");

    private static readonly byte[] SampleIpv4 = Convert.FromHexString(
        "0101003c2112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563746f7220002000080001a147e112a643"
        + "000800142b91f599fd9e90c38c7489f92af9ba53f06be7d780280004c07d4c96");

    private static readonly byte[] SampleIpv6 = Convert.FromHexString(
        "010100482112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563746f7220002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d9"
        + "00080014a382954e4be67bf11784c97c8292c275bfe3ed4180280004c8fb0b4c");

    [Fact]
    public void A_request_is_a_header_alone()
    {
        var request = new byte[StunMessage.HeaderLength];
        StunMessage.WriteRequest(request, SampleId);
        Assert.Equal("000100002112A442B7E7A701BC34D686FA87DFAE", Convert.ToHexString(request));
    }

    [Fact]
    public void The_samples_of_rfc_5769_are_read()
    {
        Assert.Equal(StunAnswer.Seen(new IPEndPoint(IPAddress.Parse("192.0.2.1"), 32853)), StunMessage.Read(SampleIpv4, SampleId));
        Assert.Equal(
            StunAnswer.Seen(new IPEndPoint(IPAddress.Parse("2001:db8:1234:5678:11:2233:4455:6677"), 32853)),
            StunMessage.Read(SampleIpv6, SampleId));
    }

    [Fact]
    public void The_plain_address_of_an_old_server_is_the_second_choice()
    {
        var plain = StunAnswers.Attribute(0x0001, [0, 1, 0x80, 0, 192, 0, 2, 9]);
        var changed = StunAnswers.Attribute(0x0005, [0, 1, 0x0D, 0x97, 192, 0, 2, 7]);

        Assert.Equal(
            new IPEndPoint(IPAddress.Parse("192.0.2.9"), 0x8000), Read(StunAnswers.Message(0x0101, SampleId, changed, plain)).Address);
        Assert.Equal(
            new IPEndPoint(IPAddress.Parse("198.51.100.1"), 7),
            Read(
                StunAnswers.Message(
                    0x0101, SampleId, plain,
                    StunAnswers.XorAddress(new IPEndPoint(IPAddress.Parse("198.51.100.1"), 7), SampleId))).Address);
    }

    [Fact]
    public void An_error_has_its_code()
    {
        var error = StunAnswers.Attribute(0x0009, [0, 0, 4, 20, .. "Unknown Attribute"u8]);
        Assert.Equal(StunAnswer.Refused(420), Read(StunAnswers.Message(0x0111, SampleId, error)));
    }

    [Fact]
    public void What_must_be_understood_and_is_not_makes_the_answer_useless()
    {
        var address = StunAnswers.XorAddress(new IPEndPoint(IPAddress.Loopback, 7), SampleId);
        Assert.Equal(StunAnswerKind.Refused, Read(StunAnswers.Message(0x0101, SampleId, address, StunAnswers.Attribute(0x7FFF, []))).Kind);
        Assert.Equal(StunAnswerKind.Seen, Read(StunAnswers.Message(0x0101, SampleId, address, StunAnswers.Attribute(0x8000, [1]))).Kind);
    }

    [Fact]
    public void Another_transaction_another_method_and_another_cookie_are_no_answer()
    {
        var otherId = (byte[])SampleId.Clone();
        otherId[11] ^= 1;
        Assert.Equal(StunAnswer.None, StunMessage.Read(SampleIpv4, otherId));
        Assert.Equal(StunAnswer.None, Read(Changed(SampleIpv4, 1, 0x03)));
        Assert.Equal(StunAnswer.None, Read(Changed(SampleIpv4, 4, 0x22)));
    }

    [Fact]
    public void A_wrong_fingerprint_or_anything_behind_it_is_no_answer()
    {
        Assert.Equal(StunAnswer.None, Read(Changed(SampleIpv4, SampleIpv4.Length - 1, 0)));
        Assert.Equal(StunAnswer.None, Read(Changed(SampleIpv4, 30, (byte)'x')));
        byte[] longer = [.. SampleIpv4, 0x80, 0x22, 0, 0];
        BinaryPrimitives.WriteUInt16BigEndian(longer.AsSpan(2), (ushort)(longer.Length - 20));
        Assert.Equal(StunAnswer.None, Read(longer));
    }

    [Fact]
    public void Longer_than_a_packet_is_no_answer()
    {
        var address = StunAnswers.XorAddress(new IPEndPoint(IPAddress.Loopback, 7), SampleId);
        var filler = StunAnswers.Attribute(0x8022, new byte[StunMessage.MaxLength - 20 - address.Length - 4]);
        var longest = StunAnswers.Message(0x0101, SampleId, address, filler);
        Assert.Equal(StunMessage.MaxLength, longest.Length);
        Assert.Equal(StunAnswerKind.Seen, Read(longest).Kind);
        Assert.Equal(StunAnswer.None, Read(StunAnswers.Message(0x0101, SampleId, address, filler, StunAnswers.Attribute(0x8022, []))));
    }

    [Fact]
    public void Whatever_comes_nothing_throws_and_a_cut_answer_is_none()
    {
        for (var length = 0; length < SampleIpv6.Length; length++)
            Assert.Equal(StunAnswer.None, Read(SampleIpv6[..length]));

        // Changes of a few bytes reach deeper than noise does; the length is made right again in half of them.
        var mutated =
            from sample in Gen.Elements(SampleIpv4, SampleIpv6)
            from changes in Gen.ListOf(Gen.Zip(Gen.Choose(0, sample.Length - 1), Gen.Choose(0, 255)))
            from cut in Gen.Choose(0, sample.Length)
            from whole in Gen.Elements(true, false)
            select Mutate(sample, changes, whole ? sample.Length : cut);
        Prop.ForAll(mutated.ToArbitrary(), message =>
            Read(message).Kind is StunAnswerKind.None or StunAnswerKind.Seen or StunAnswerKind.Refused)
            .Check(Config.QuickThrowOnFailure.WithMaxTest(5000));
        Prop.ForAll<byte[]>(message => message is null || Read([.. SampleIpv4[..20], .. message]).Kind != StunAnswerKind.Seen)
            .Check(Config.QuickThrowOnFailure.WithMaxTest(2000));
    }

    [Fact]
    public void Every_address_comes_back_as_it_was_written() =>
        Prop.ForAll<byte[], int>((seed, port) =>
        {
            var bytes = new byte[port % 2 == 0 ? 4 : 16];
            (seed ?? []).AsSpan(0, Math.Min(seed?.Length ?? 0, bytes.Length)).CopyTo(bytes);
            var address = new IPEndPoint(new IPAddress(bytes), port & 0xFFFF);
            return Read(StunAnswers.Message(0x0101, SampleId, StunAnswers.XorAddress(address, SampleId))) == StunAnswer.Seen(address);
        }).Check(Config.QuickThrowOnFailure);

    private static StunAnswer Read(byte[] message) => StunMessage.Read(message, SampleId);

    private static byte[] Changed(byte[] message, int at, byte value)
    {
        var changed = (byte[])message.Clone();
        changed[at] = value;
        return changed;
    }

    private static byte[] Mutate(byte[] sample, IEnumerable<(int At, int Value)> changes, int length)
    {
        var message = (byte[])sample.Clone();
        foreach ((var at, var value) in changes)
            message[at] = (byte)value;
        var cut = message[..length];
        if (length >= 20 && length % 4 == 0)
            BinaryPrimitives.WriteUInt16BigEndian(cut.AsSpan(2), (ushort)(length - 20));
        return cut;
    }
}
