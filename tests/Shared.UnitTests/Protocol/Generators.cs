using System.Net;
using FsCheck;
using FsCheck.Fluent;

namespace Tunnel.Shared.UnitTests.Protocol;

/// <summary>Random values for the properties.</summary>
internal static class Generators
{
    public static Gen<int> Port { get; } = Gen.Choose(1, 65535);

    public static Gen<IPAddress> IPv4 { get; } = Bytes(4).Select(bytes => new IPAddress(bytes));

    /// <summary>Addresses with runs of zeros, as real ones have them, and mapped ones.</summary>
    public static Gen<IPAddress> IPv6 { get; } = Gen.OneOf(
        Bytes(16).Select(bytes => new IPAddress(bytes)),
        Gen.Elements<byte>(0, 0, 0, 0, 1, 0x5e, 0xfe, 0xff).ArrayOf(16).Select(bytes => new IPAddress(bytes)),
        IPv4.Select(address => address.MapToIPv6()));

    public static Gen<IPEndPoint> EndPoint { get; } =
        from address in Gen.OneOf(IPv4, IPv6)
        from port in Gen.Choose(0, 65535)
        select new IPEndPoint(address, port);

    /// <summary>Any characters, broken surrogate pairs left out.</summary>
    public static Gen<string> Text { get; } =
        Gen.Choose(0, 0xD7FF).Select(value => (char)value).ArrayOf().Select(chars => new string(chars));

    public static Gen<string> EdgeId { get; } =
        Of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-", 1, 64);

    public static Gen<string> Secret { get; } = Of(
        string.Concat(Enumerable.Range('!', '~' - '!' + 1).Select(value => (char)value)), 1, 256);

    public static Gen<byte[]> Bytes(int count) => Gen.Choose(0, 255).Select(value => (byte)value).ArrayOf(count);

    private static Gen<string> Of(string alphabet, int min, int max) =>
        from length in Gen.Choose(min, max)
        from chars in Gen.Elements(alphabet.ToCharArray()).ArrayOf(length)
        select new string(chars);
}
