using System.Buffers.Binary;
using System.Text;

namespace Tunnel.Shared.Protocol.Proxy;

/// <summary>Writes what a v2 header says of a client's TLS session (PROXY protocol section 2.2.5).</summary>
public static class TlsField
{
    private const byte UsesTls = 0x01;
    private const byte HasCertificate = 0x02;
    private const byte SubVersion = 0x21;
    private const byte SubCommonName = 0x22;
    private const byte SubCipher = 0x23;

    // Longer names are left out rather than cut: they decide who somebody is.
    private const int MaxText = 255;

    /// <summary>The most bytes of a value.</summary>
    public const int MaxLength = 5 + (3 * (ProxyTlvs.HeaderLength + MaxText));

    /// <summary>Writes the value of a field of type <see cref="ProxyTlvType.Ssl"/>.</summary>
    /// <param name="buffer">The destination; <see cref="MaxLength"/> bytes are always enough.</param>
    /// <param name="version">The version, such as <c>TLSv1.3</c>.</param>
    /// <param name="cipher">The cipher suite's name.</param>
    /// <param name="commonName">The common name of the client's certificate, which was checked; null when it has shown none.</param>
    /// <returns>The bytes written.</returns>
    public static int Write(Span<byte> buffer, string version, string cipher, string? commonName)
    {
        buffer[0] = (byte)(UsesTls | (commonName is null ? 0 : HasCertificate));
        // 0: the certificate was checked and is right. Without a certificate there is nothing that was checked.
        BinaryPrimitives.WriteUInt32BigEndian(buffer[1..], commonName is null ? 1u : 0u);
        var length = 5;
        length += Add(buffer[length..], SubVersion, version);
        length += Add(buffer[length..], SubCipher, cipher);
        return length + (commonName is null ? 0 : Add(buffer[length..], SubCommonName, commonName));
    }

    private static int Add(Span<byte> buffer, byte type, string text)
    {
        var count = Encoding.UTF8.GetByteCount(text);
        if (count is 0 or > MaxText)
            return 0;
        buffer[0] = type;
        BinaryPrimitives.WriteUInt16BigEndian(buffer[1..], (ushort)count);
        return ProxyTlvs.HeaderLength + Encoding.UTF8.GetBytes(text, buffer[ProxyTlvs.HeaderLength..]);
    }
}
