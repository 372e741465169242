using System.Buffers.Binary;

namespace Tunnel.Shared.Protocol.Proxy;

/// <summary>The additional fields of a v2 header, read in place with <c>foreach</c>.</summary>
public readonly ref struct ProxyTlvs
{
    /// <summary>The bytes before a field's value: one of type, two of length.</summary>
    public const int HeaderLength = 3;

    private readonly ReadOnlySpan<byte> _bytes;

    private ProxyTlvs(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    /// <summary>Whether there are no fields.</summary>
    public bool IsEmpty => _bytes.IsEmpty;

    /// <summary>Enumerates the fields in order, including padding and checksum.</summary>
    public Enumerator GetEnumerator() => new(_bytes);

    /// <summary>Finds the first field of a type.</summary>
    public bool TryFind(byte type, out ReadOnlySpan<byte> value)
    {
        foreach (var tlv in this)
        {
            if (tlv.Type != type)
                continue;
            value = tlv.Value;
            return true;
        }

        value = default;
        return false;
    }

    /// <summary>Accepts bytes that consist of whole fields only.</summary>
    internal static bool TryCreate(ReadOnlySpan<byte> bytes, out ProxyTlvs tlvs)
    {
        tlvs = default;
        for (var rest = bytes; !rest.IsEmpty;)
        {
            if (rest.Length < HeaderLength || rest.Length < LengthAt(rest))
                return false;
            rest = rest[LengthAt(rest)..];
        }

        tlvs = new ProxyTlvs(bytes);
        return true;
    }

    private static int LengthAt(ReadOnlySpan<byte> bytes) => HeaderLength + BinaryPrimitives.ReadUInt16BigEndian(bytes[1..]);

    /// <summary>One field, read in place.</summary>
    public readonly ref struct Tlv
    {
        internal Tlv(byte type, ReadOnlySpan<byte> value)
        {
            Type = type;
            Value = value;
        }

        /// <summary>One of <see cref="ProxyTlvType"/>, or another type.</summary>
        public byte Type { get; }

        /// <summary>The field's bytes.</summary>
        public ReadOnlySpan<byte> Value { get; }
    }

    /// <summary>Enumerates the fields.</summary>
    public ref struct Enumerator
    {
        private ReadOnlySpan<byte> _rest;

        internal Enumerator(ReadOnlySpan<byte> bytes) => _rest = bytes;

        /// <summary>The present field.</summary>
        public Tlv Current { get; private set; }

        /// <summary>Moves to the next field.</summary>
        public bool MoveNext()
        {
            if (_rest.IsEmpty)
                return false;
            var length = LengthAt(_rest);
            Current = new Tlv(_rest[0], _rest[HeaderLength..length]);
            _rest = _rest[length..];
            return true;
        }
    }
}
