using FsCheck;
using FsCheck.Fluent;
using Tunnel.Shared.Protocol.Proxy;

namespace Tunnel.Shared.UnitTests.Protocol.Proxy;

public class Crc32CTests
{
    // The values are from RFC 3720 appendix B.4, and the check value of the catalogue of CRCs.
    public static TheoryData<byte[], uint> KnownAnswers => new()
    {
        { new byte[32], 0x8A9136AA },
        { Enumerable.Repeat((byte)0xFF, 32).ToArray(), 0x62A8AB43 },
        { Enumerable.Range(0, 32).Select(value => (byte)value).ToArray(), 0x46DD794E },
        { Enumerable.Range(0, 32).Select(value => (byte)(31 - value)).ToArray(), 0x113FDB5C },
        { "123456789"u8.ToArray(), 0xE3069283 },
        { [], 0 },
    };

    [Theory]
    [MemberData(nameof(KnownAnswers))]
    public void Known_answers(byte[] data, uint checksum) => Assert.Equal(checksum, Crc32C.Compute(data));

    [Fact]
    public void Leaving_a_field_out_is_the_same_as_zeros_in_it() =>
        Prop.ForAll(Generators.Bytes(70).ToArbitrary(), Gen.Choose(0, 66).ToArbitrary(), (data, field) =>
        {
            var zeroed = data.ToArray();
            zeroed.AsSpan(field, 4).Clear();
            return Crc32C.ComputeWithout(data, field) == Crc32C.Compute(zeroed);
        }).QuickCheckThrowOnFailure();
}
