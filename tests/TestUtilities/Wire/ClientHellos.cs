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

    /// <summary>
    /// openssl s_client -servername www.example.com -max_send_frag 512, and an -alpn of 60 protocols: two records (OpenSSL 3.0).
    /// </summary>
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

    /// <summary>
    /// Chromium 156 asks for https://chromium.test/: its key shares of X25519MLKEM768 (0x11EC) and X25519 alone are longer than a segment,
    /// and the name stands behind them, since Chromium shuffles its extensions.
    /// </summary>
    public static byte[] Chromium { get; } = Convert.FromBase64String(
        "FgMBB5wBAAeYAwNL23p7nlqt4vtiREO4nDriW9srGhv3FVsqa8cRvYoPuSBJidxiwOGD4FUZ6SH1DoL6FdRLOFFDlhPcGTmfHAyp3QAg2toTARMCEwPAK8AvwCzA" +
        "MMypzKjAE8AUAJwAnQAvADUBAAcvCgoAAAAzBO8E7UpKAAEAEewEwF+YJVmxCzL5g96cE8V6bGsYYFcAE/EMWD13YYDoV7V4d5SgO4QKyPFSObCrwa/qje8VGsrF" +
        "d7HGLnnAHm0wwK5KQrcJtK4Rv7lVf/7sbxelaf9wIA06daJTOepWftQAxUomzFMQGs+bXbciNA3GzGggXOhlGutBpXYVwqN7RiSHBDSnnNjkSyxQCKx8OUt0Tlia" +
        "vxTVnN6TQhabl2U0ls8Vd9zyb6IrMsUGP/2nicX0UWSwLgPimmTaviEJk63Qk4EGNZzIpum6lplqjeV1bqhwJErYTGO7uc75MYrki5rQV72Lnpo5V//IaH8Zxq32" +
        "qAIGPv+CW+GHnOxSwBZycHHwyc0nDP21VNATnAGnB0vjFVxhFP+ALAT7LZWEWnB5W0u8X2l4PQXBpdCoZp7Csr38ZG8loPdZjkPqlLExdz22BUX2o5EIEJqhof+w" +
        "jNeMsDUJBNkEkkB5XhW3Yif5Rnr8S9OZbzeAsiXDzH+gSliUfSmxNSmFwIUZhKFAJ2TRuJ7Bey80HuW2RstBDu/nwWq5TUs8t4HTfeG0oqzlEvVcOl6lAFUXZzBD" +
        "mrWEVql4H4ZTqT5nYi1ZjKWwDPbrHkPWHKZAFo8jtkeDGqayGHcgYzAzz9e7fP4WotXnCmiJp/+yCdy5Bs4BMLiTVqZYS/BgWzvSxUxIxeCIVSmiD+xUqXFnDT8o" +
        "aSwML4wVE/VDzgX0f1zQEW0jR/4XeoC1VDgEOsHGfnF5xwZBLz/VI+XIZ+l6rmMnaipSxyibgZkXDeIAUakjwdU6UgKAC+qqjWK0b/d3Re7YNgUDb/McPfMXGk6c" +
        "S3CMlDMUvU1WSsYgqeKZIrcLSklnk+JpYROyWT/bT6ohy1zLY5FsJifDR2foTsDqz958PApoFy/CeBX3kr3norWJazMqFUF8ODSnOHg7Ld98WMCFHUiFzaA0qffw" +
        "YR2QzBEmu9cbiX/QLjxGLa0qOPxQvjXJUI1TL/+ExJnhmmEjScYYURsBQz/Xx+npDF2JIEG6PceDSQFye0p4IpJHM1pDantox16XvWFgYTwIsUFCOeMFdLmaDi8m" +
        "eCZwNB3yqpbYF86yAoPyfEX7XsIhGRxMyNGGE8LWzVzCJ7o1IlWYLymnU50DOD26yoMHUvSnIqyjlxWrU3kgjavbjYy0F3f0wvKcSNTEry7it75HvRdzzokRbLNx" +
        "GI2WjtdGmE2JzPbbg0BRT9tlQnqwnw9AEObZXYF8voOsxpppeYHCl1VIvz4KbZzibv5CG/AshPYDtsBSO3mnteNABq27zX0UCo18AidUYuTEfwmGKrLwkr7VaWFF" +
        "SNqpxgbTUIilnssGasaygeh4aJ80D0PRyDizBAByjdHUIsRUf7qapjhYllT3Ac4KENUzOcb6OispKxzlB1rDC8yZffShsW9TRn+RLJUwj5tDDKSsymgGfPmKT7kb" +
        "JcTHsI3AThdzFmkHjvQ0m7TFK6blJFtMklIwLJTVKMEYTKi3C3tgjmcKH8aUMprKCzC2dJ9aOONMv4cSZJY3soBITnYlC/OUxcHEjBIa9zDgPXdU9jQ4bOH+Gur/" +
        "I/yCDyhO0FSQAcmmExe7Aa6JOBREBCkNmC18Oo2GiEVo4xVB3FEMqGzpoJeyvSkAHQAgwahi12Roeza8qJKh9CuI/PVtpVnadBdzYHba7RoBQgoAAAASABAAAA1j" +
        "aHJvbWl1bS50ZXN0AAoADAAKSkoR7AAdABcAGAANABoAGCoqCQQJBQkGBAMIBAQBBQMIBQUBCAYGAQAbAAMCAAL+DQDaAAABAAHQACAbtkqO6sSykQaO1cd/JnWD" +
        "LwGx6Tb6CMcCu7qcPnTTTACw8qIOlkWPJlAZLz/n0RgS7lZ1l8NY9jVfdAJpv06eEllGzlQtcT8U7kJ2e3iJQv0kIAbBy9LTL+Xcjf1aep5szkRBc1ZJCyiGMU3X" +
        "DSDOlbLZhqsyZabOCDS/0DKtMKrvYvJAPZISP+tgI+jhTNcdHzfUlMR4aJTz9/HP06CLIgyCkFTVMZ8uvPNaNnQVTh2FnWIwzcD6HzHx27NhsaqxZwY9mN1iuoqS" +
        "G5rG0SYEhL4AKwAHBnp6AwQDAwASAAAAFwAARM0ABQADAmgyACMAAAAFAAUBAAAAAP8BAAEAAC0AAgEBABAADgAMAmgyCGh0dHAvMS4xAAsAAgEAyjQAugC4BYLf" +
        "EwIBBYLfEwIGBYLfEwINBYLfEwIOBYLfEwIPBYLfEwISBYLfEwITBYLfEwIUCIOaZIybLQEHCIOaZIybLQEICIOaZIybLQEJCIOaZIybLQEKCIOaZIybLQELCIOa" +
        "ZIybLQEMCIOaZIybLQENCIOaZIybLQESCIOaZIybLQETBNZ5CQEE1nkJBATWeQkFBNZ5CQYE1nkJBwTWeQkIBNZ5CQoE1nkJCwTWeQkMBNZ5CQ0E1nkJDzo6AAEA");

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
        {
            extensions.AddRange(
                [
                    0, 16,
                    .. Vector(Vector([.. protocols.SelectMany(text => (byte[])[(byte)text.Length, .. Encoding.ASCII.GetBytes(text)])]))]);
        }

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
