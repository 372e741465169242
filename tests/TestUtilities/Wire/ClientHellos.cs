using System.Buffers.Binary;
using System.Text;

namespace Tunnel.TestUtilities.Wire;

/// <summary>First messages of TLS clients: those that real programs sent, and some that are put together as browsers do it.</summary>
public static class ClientHellos
{
    /// <summary>openssl s_client -tls1_3 -servername www.example.com -alpn h2,http/1.1 (OpenSSL 3.0).</summary>
    public static byte[] OpenSslTls13 { get; } = Convert.FromBase64String(
        "FgMBAPQBAADwAwMABz/eZw3tfzE0R1IW4WRCQmxhEPxVjy+1lI29lvzouCARt5hxEs3z/6PhaXCu2bon6G1RqEfZW/+krzmFNbdsWAAIEwITAxMBAP8BAACf" +
        "AAAAFAASAAAPd3d3LmV4YW1wbGUuY29tAAsABAMAAQIACgAEAAIAHQAjAAAAEAAOAAwCaDIIaHR0cC8xLjEAFgAAABcAAAANAB4AHAQDBQMGAwgHCAgICQgK" +
        "CAsIBAgFCAYEAQUBBgEAKwADAgMEAC0AAgEBADMAJgAkAB0AINrItWgF4gqRKSTXNnQoK70wgtrblN0+v48MUtUzY+oG");

    /// <summary>openssl s_client -tls1_2 -servername WWW.Example.com (OpenSSL 3.0).</summary>
    public static byte[] OpenSslTls12 { get; } = Convert.FromBase64String(
        "FgMBAM8BAADLAwP7t5EzZG6hP1j6lkCfS4Ve5ikE5UV9uPlN+L4qLHQXvgAAOMAswDAAn8ypzKjMqsArwC8AnsAkwCgAa8AjwCcAZ8AKwBQAOcAJwBMAMwCd" +
        "AJwAPQA8ADUALwD/AQAAagAAABQAEgAAD1dXVy5FeGFtcGxlLmNvbQALAAQDAAECAAoADAAKAB0AFwAeABkAGAAjAAAAFgAAABcAAAANACoAKAQDBQMGAwgH" +
        "CAgICQgKCAsIBAgFCAYEAQUBBgEDAwMBAwIEAgUCBgI=");

    /// <summary>openssl s_client -noservername (OpenSSL 3.0).</summary>
    public static byte[] WithoutName { get; } = Convert.FromBase64String(
        "FgMBASQBAAEgAwNpKAwWd5n1xy0n89rsbyCm0Er5Kh3HgZOtfk3nJux8oyBqeedHGu5mRThvtIz94eRfpORKji+6MWLyu+GW+PD9KQA+EwITAxMBwCzAMACf" +
        "zKnMqMyqwCvALwCewCTAKABrwCPAJwBnwArAFAA5wAnAEwAzAJ0AnAA9ADwANQAvAP8BAACZAAsABAMAAQIACgAWABQAHQAXAB4AGQAYAQABAQECAQMBBAAj" +
        "AAAAFgAAABcAAAANACoAKAQDBQMGAwgHCAgICQgKCAsIBAgFCAYEAQUBBgEDAwMBAwIEAgUCBgIAKwAJCAMEAwMDAgMBAC0AAgEBADMAJgAkAB0AIORfAz9/" +
        "uFcTY8muFRCKI3FXAFLtQ25MJd2K/LCXSB5+");

    /// <summary>openssl s_client -servername www.example.com -max_send_frag 512, and an -alpn of 60 protocols: two records (OpenSSL 3.0).</summary>
    public static byte[] SmallRecords { get; } = Convert.FromBase64String(
        "FgMBAgABAAOWAwObPm6YRwyaQt50hyKGiNIXcyu3nzW/Ay+AMl8GZeuL9yAYKm5IHm0U8+22nnR4dO3l0dkU3LiGenJ6dPTNugxsAgA+EwITAxMBwCzAMACf" +
        "zKnMqMyqwCvALwCewCTAKABrwCPAJwBnwArAFAA5wAnAEwAzAJ0AnAA9ADwANQAvAP8BAAMPAAAAFAASAAAPd3d3LmV4YW1wbGUuY29tAAsABAMAAQIACgAW" +
        "ABQAHQAXAB4AGQAYAQABAQECAQMBBAAjAAAAEAJaAlgJcHJvdG8tMDAwCXByb3RvLTAwMQlwcm90by0wMDIJcHJvdG8tMDAzCXByb3RvLTAwNAlwcm90by0w" +
        "MDUJcHJvdG8tMDA2CXByb3RvLTAwNwlwcm90by0wMDgJcHJvdG8tMDA5CXByb3RvLTAxMAlwcm90by0wMTEJcHJvdG8tMDEyCXByb3RvLTAxMwlwcm90by0w" +
        "MTQJcHJvdG8tMDE1CXByb3RvLTAxNglwcm90by0wMTcJcHJvdG8tMDE4CXByb3RvLTAxOQlwcm90by0wMjAJcHJvdG8tMDIxCXByb3RvLTAyMglwcm90by0w" +
        "MjMJcHJvdG8tMDI0CXByb3RvLTAyNQlwcm90by0wMjYJcHJvdG8tMDI3CXByb3RvLTAyOAlwcm90by0wMjkJcHJvdBYDAQGaby0wMzAJcHJvdG8tMDMxCXBy" +
        "b3RvLTAzMglwcm90by0wMzMJcHJvdG8tMDM0CXByb3RvLTAzNQlwcm90by0wMzYJcHJvdG8tMDM3CXByb3RvLTAzOAlwcm90by0wMzkJcHJvdG8tMDQwCXBy" +
        "b3RvLTA0MQlwcm90by0wNDIJcHJvdG8tMDQzCXByb3RvLTA0NAlwcm90by0wNDUJcHJvdG8tMDQ2CXByb3RvLTA0Nwlwcm90by0wNDgJcHJvdG8tMDQ5CXBy" +
        "b3RvLTA1MAlwcm90by0wNTEJcHJvdG8tMDUyCXByb3RvLTA1Mwlwcm90by0wNTQJcHJvdG8tMDU1CXByb3RvLTA1Nglwcm90by0wNTcJcHJvdG8tMDU4CXBy" +
        "b3RvLTA1OQAWAAAAFwAAAA0AKgAoBAMFAwYDCAcICAgJCAoICwgECAUIBgQBBQEGAQMDAwEDAgQCBQIGAgArAAkIAwQDAwMCAwEALQACAQEAMwAmACQAHQAg" +
        "Yzb8Bxnw1D8Wp/7HSBlWaY7HontTz8I5+ZTJQwlj00g=");

    /// <summary>curl https://curl.example.com/ (OpenSSL 3.0).</summary>
    public static byte[] Curl { get; } = Convert.FromBase64String(
        "FgMBAgABAAH8AwOkA9CSSSK1cBwLzM06Ui1o0RCA1Pfq/vnVGPvN4Hyk1iDc9lRdn+HF3K18Bdzm48c/SiiIxiXAN3fvFLbk7yC39QA+EwITAxMBwCzAMACf" +
        "zKnMqMyqwCvALwCewCTAKABrwCPAJwBnwArAFAA5wAnAEwAzAJ0AnAA9ADwANQAvAP8BAAF1AAAAFQATAAAQY3VybC5leGFtcGxlLmNvbQALAAQDAAECAAoA" +
        "FgAUAB0AFwAeABkAGAEAAQEBAgEDAQQAEAAOAAwCaDIIaHR0cC8xLjEAFgAAABcAAAAxAAAADQAqACgEAwUDBgMIBwgICAkICggLCAQIBQgGBAEFAQYBAwMD" +
        "AQMCBAIFAgYCACsACQgDBAMDAwIDAQAtAAIBAQAzACYAJAAdACDO3ArHGzBxlzCcI4p6ce/9u1D6I9y0l+46ER2QrL7QFgAVAK0AAAAAAAAAAAAAAAAAAAAA" +
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" +
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==");

    /// <summary>Encrypted hello (0xFE0D) as browsers send it to every server, with the real name beside it.</summary>
    public static byte[] WithEncryptedHello { get; } = Make("ech.example.com", ["h2"], (0xFE0D, new byte[240]));

    /// <summary>A key share of X25519MLKEM768 (0x11EC, 1,216 bytes), which needs a second segment.</summary>
    public static byte[] PostQuantum { get; } = Make("pq.example.com", ["h2", "http/1.1"], (51, KeyShare(0x11EC, 1216)));

    /// <summary>More than may be read: extensions of 17,000 bytes, in two records.</summary>
    public static byte[] Huge { get; } = Make("huge.example.com", [], (21, new byte[17_000]));

    /// <summary>A ClientHello in as few records as it needs.</summary>
    /// <param name="name">The server's name; null for none.</param>
    /// <param name="protocols">The application protocols; none for no extension.</param>
    /// <param name="others">Further extensions, before the name.</param>
    public static byte[] Make(string? name, string[] protocols, params (ushort Type, byte[] Content)[] others)
    {
        var extensions = new List<byte>();
        foreach (var (type, content) in others)
            extensions.AddRange([.. Number(type), .. Vector(content)]);
        if (name is not null)
            extensions.AddRange([0, 0, .. Vector(Vector([0, .. Vector(Encoding.Latin1.GetBytes(name))]))]);
        if (protocols.Length > 0)
            extensions.AddRange([0, 16, .. Vector(Vector([.. protocols.SelectMany(text => (byte[])[(byte)text.Length, .. Encoding.ASCII.GetBytes(text)])]))]);
        byte[] body = [3, 3, .. Enumerable.Repeat((byte)7, 32), 0, .. Vector([0x13, 1]), 1, 0, .. Vector([.. extensions])];
        return InRecords([1, (byte)(body.Length >> 16), .. Number((ushort)body.Length), .. body], 1 << 14);
    }

    /// <summary>A message in records of at most so many bytes.</summary>
    public static byte[] InRecords(byte[] message, int size) =>
        [.. message.Chunk(size).SelectMany(part => (byte[])[22, 3, 1, .. Vector(part)])];

    /// <summary>The message in a hello's records, without their headers.</summary>
    public static byte[] MessageOf(byte[] hello)
    {
        var message = new List<byte>();
        for (var at = 0; at < hello.Length;)
        {
            var length = BinaryPrimitives.ReadUInt16BigEndian(hello.AsSpan(at + 3));
            message.AddRange(hello.AsSpan(at + 5, length));
            at += 5 + length;
        }

        return [.. message];
    }

    private static byte[] KeyShare(ushort group, int length) => Vector([.. Number(group), .. Vector(new byte[length])]);

    private static byte[] Vector(byte[] content) => [.. Number((ushort)content.Length), .. content];

    private static byte[] Number(ushort value) => [(byte)(value >> 8), (byte)value];
}
