using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Tunnel.Shared.Protocol;

/// <summary>
/// 128 bits that name one connection or UDP session in the logs of edge and hub, in events, and to the upstream (protocol.md section 9).
/// Both ends derive it from what they know, so that nothing is sent for it.
/// </summary>
/// <param name="High">The upper half.</param>
/// <param name="Low">The lower half.</param>
public readonly record struct ConnectionId(ulong High, ulong Low)
{
    /// <summary>The characters of its text.</summary>
    public const int TextLength = 32;

    /// <summary>Returns 32 lower-case hexadecimal digits.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{High:x16}{Low:x16}");

    /// <summary>Writes the text as ASCII, without allocating.</summary>
    /// <param name="text">Receives it; at least <see cref="TextLength"/> bytes.</param>
    public void Write(Span<byte> text)
    {
        High.TryFormat(text, out _, "x16", CultureInfo.InvariantCulture);
        Low.TryFormat(text[16..], out _, "x16", CultureInfo.InvariantCulture);
    }
}

/// <summary>The part of a <see cref="ConnectionId"/> that the connections of one tunnel have in common.</summary>
/// <param name="High">The upper 64 bits.</param>
/// <param name="Middle">The 31 bits that follow them, in the upper bits of a lower half.</param>
public readonly record struct TunnelKey(ulong High, ulong Middle)
{
    private const ulong MiddleBits = 0xFFFF_FFFE_0000_0000;
    private const ulong SessionBit = 0x1_0000_0000;

    /// <summary>
    /// Returns the key of a tunnel. It is a hash, since with the tunnel's id a further connection may name itself a part of the tunnel.
    /// </summary>
    /// <param name="tunnelId">The id that the hub's configuration names.</param>
    public static TunnelKey Of(string tunnelId)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(tunnelId), hash);
        return new TunnelKey(
            BinaryPrimitives.ReadUInt64BigEndian(hash), BinaryPrimitives.ReadUInt64BigEndian(hash[sizeof(ulong)..]) & MiddleBits);
    }

    /// <summary>Returns the id of one of its streams or sessions, which may have the same numbers.</summary>
    /// <param name="number">The stream's or session's number in the tunnel.</param>
    /// <param name="udp">True for a session.</param>
    public ConnectionId Connection(uint number, bool udp) => new(High, Middle | (udp ? SessionBit : 0) | number);
}
