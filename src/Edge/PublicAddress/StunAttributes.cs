using System.Buffers.Binary;
using System.Net;

namespace Tunnel.Edge.PublicAddress;

/// <summary>The attributes of one answer (RFC 8489 section 14), as far as they matter for a binding request without credentials.</summary>
internal sealed class StunAttributes
{
    private const ushort MappedAddress = 0x0001;
    private const ushort ErrorCodeType = 0x0009;
    private const ushort XorMappedAddress = 0x0020;
    private const ushort Fingerprint = 0x8028;

    /// <summary>The first attribute type that a receiver may ignore when it does not know it (section 14).</summary>
    private const ushort FirstOptional = 0x8000;

    private const int MagicCookieOffset = 4;
    private const byte FamilyIpv4 = 1;
    private const byte FamilyIpv6 = 2;

    private IPEndPoint? _mapped;
    private IPEndPoint? _xorMapped;
    private bool _ended;

    /// <summary>
    /// The address that the request came from. The XORed form is preferred, because routers that rewrite addresses in payloads do not find
    /// it.
    /// </summary>
    public IPEndPoint? Address => _xorMapped ?? _mapped;

    public int ErrorCode { get; private set; }

    /// <summary>True when an attribute that must be understood is not known, so that the answer can't be used (section 6.3.3).</summary>
    public bool HasUnknown { get; private set; }

    /// <summary>Reads one attribute. When an attribute comes twice, the first one counts.</summary>
    /// <param name="type">The attribute's type.</param>
    /// <param name="message">The whole message.</param>
    /// <param name="at">The offset at which the value begins.</param>
    /// <param name="length">The value's length, which is within the message.</param>
    /// <returns>False when the attribute is not well-formed.</returns>
    public bool Read(ushort type, ReadOnlySpan<byte> message, int at, int length)
    {
        // Nothing may come after the fingerprint (section 14.7).
        if (_ended)
            return false;
        var value = message.Slice(at, length);
        switch (type)
        {
            case MappedAddress:
                return TryReadAddress(value, default, ref _mapped);
            case XorMappedAddress:
                return TryReadAddress(value, message.Slice(MagicCookieOffset, 16), ref _xorMapped);
            case ErrorCodeType:
                return TryReadError(value);
            case Fingerprint:
                _ended = true;
                return length == 4 && BinaryPrimitives.ReadUInt32BigEndian(value) == StunFingerprint.Compute(message[..(at - 4)]);
            default:
                HasUnknown |= type < FirstOptional && !IsHarmless(type);
                return true;
        }
    }

    /// <summary>
    /// Whether an attribute is known but has no meaning here: what old servers add (CHANGE-REQUEST to PASSWORD, RFC 3489; reserved since),
    /// and what belongs to credentials and to the discovery of NATs (RFC 5780), which were not asked for.
    /// </summary>
    private static bool IsHarmless(ushort type) =>
        type is (>= 0x0002 and <= 0x000B) or 0x0014 or 0x0015 or (>= 0x001C and <= 0x001E) or 0x0026 or 0x0027;

    /// <summary>
    /// Reads an address as in section 14.1, or with a <paramref name="mask"/> (magic cookie and transaction id) as in section 14.2.
    /// </summary>
    private static bool TryReadAddress(ReadOnlySpan<byte> value, ReadOnlySpan<byte> mask, ref IPEndPoint? address)
    {
        var length = value.Length < 4 ? 0 : value[1] switch { FamilyIpv4 => 4, FamilyIpv6 => 16, _ => 0 };
        if (length == 0 || value.Length != 4 + length)
            return false;
        Span<byte> bytes = stackalloc byte[length];
        value[4..].CopyTo(bytes);
        int port = BinaryPrimitives.ReadUInt16BigEndian(value[2..]);
        if (!mask.IsEmpty)
        {
            port ^= BinaryPrimitives.ReadUInt16BigEndian(mask);
            for (var i = 0; i < length; i++)
                bytes[i] ^= mask[i];
        }

        address ??= new IPEndPoint(new IPAddress(bytes), port);
        return true;
    }

    /// <summary>
    /// Reads an error as in section 14.8. The reason phrase is not read, since it would put the server's text into our log.
    /// </summary>
    private bool TryReadError(ReadOnlySpan<byte> value)
    {
        if (value.Length < 4 || (value[2] & 7) is < 3 or > 6 || value[3] > 99)
            return false;
        if (ErrorCode == 0)
            ErrorCode = ((value[2] & 7) * 100) + value[3];
        return true;
    }
}
