using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Text;

namespace Tunnel.Shared.Protocol.Sni;

/// <summary>Reads the body of a ClientHello. What is malformed in any part of it is refused as a whole.</summary>
internal static class ClientHelloParser
{
    private const int VersionAndRandom = 2 + 32;
    private const ushort ServerNameExtension = 0;
    private const ushort ProtocolsExtension = 16;
    private const ushort EncryptedHelloExtension = 0xFE0D;
    private const byte HostName = 0;

    // More protocols are of no use to a server that has to agree on one.
    private const int MaxProtocols = 16;

    /// <summary>Returns what it says; null when it is malformed.</summary>
    public static ClientHello? Parse(ReadOnlySpan<byte> body)
    {
        if (body.Length < VersionAndRandom)
            return null;
        var rest = body[VersionAndRandom..];
        // The session id, cipher suites and compression methods stand before the extensions.
        if (!TryTake(ref rest, 1, out _) || !TryTake(ref rest, 2, out _) || !TryTake(ref rest, 1, out _))
            return null;
        // TLS 1.2 and older allow a ClientHello without extensions.
        if (rest.IsEmpty)
            return new ClientHello(null, [], HasEncryptedHello: false);
        if (!TryTake(ref rest, 2, out var extensions) || !rest.IsEmpty)
            return null;

        string? name = null;
        ImmutableArray<string> protocols = [];
        var encrypted = false;
        while (!extensions.IsEmpty)
        {
            if (extensions.Length < 2)
                return null;
            var type = BinaryPrimitives.ReadUInt16BigEndian(extensions);
            extensions = extensions[2..];
            if (!TryTake(ref extensions, 2, out var content))
                return null;
            switch (type)
            {
                case ServerNameExtension when !TryReadName(content, out name):
                case ProtocolsExtension when !TryReadProtocols(content, out protocols):
                    return null;
                case EncryptedHelloExtension:
                    encrypted = true;
                    break;
            }
        }

        return new ClientHello(name, protocols, encrypted);
    }

    private static bool TryReadName(ReadOnlySpan<byte> content, out string? name)
    {
        name = null;
        if (!TryTake(ref content, 2, out var list) || !content.IsEmpty)
            return false;
        while (!list.IsEmpty)
        {
            var type = list[0];
            list = list[1..];
            if (!TryTake(ref list, 2, out var value))
                return false;
            if (type == HostName)
                name ??= ServerName.Normalize(value);
        }

        return true;
    }

    private static bool TryReadProtocols(ReadOnlySpan<byte> content, out ImmutableArray<string> protocols)
    {
        protocols = [];
        if (!TryTake(ref content, 2, out var list) || !content.IsEmpty)
            return false;
        var found = ImmutableArray.CreateBuilder<string>();
        while (!list.IsEmpty)
        {
            if (!TryTake(ref list, 1, out var value))
                return false;
            // The other values are reserved to keep servers tolerant (RFC 8701).
            if (found.Count < MaxProtocols && !value.IsEmpty && !value.ContainsAnyExceptInRange((byte)'!', (byte)'~'))
                found.Add(Encoding.ASCII.GetString(value));
        }

        protocols = found.ToImmutable();
        return true;
    }

    // Takes a vector with its length in front, in so many bytes.
    private static bool TryTake(ref ReadOnlySpan<byte> rest, int lengthBytes, out ReadOnlySpan<byte> value)
    {
        value = default;
        if (rest.Length < lengthBytes)
            return false;
        var length = lengthBytes == 1 ? rest[0] : BinaryPrimitives.ReadUInt16BigEndian(rest);
        if (rest.Length - lengthBytes < length)
            return false;
        value = rest.Slice(lengthBytes, length);
        rest = rest[(lengthBytes + length)..];
        return true;
    }
}
