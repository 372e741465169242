using System.Buffers.Binary;
using System.Net;

namespace Tunnel.Edge.PublicAddress;

/// <summary>
/// Binding requests and their answers (RFC 8489 sections 5 and 14). Pure: an answer is one datagram of at most <see cref="MaxLength"/>
/// bytes from anybody, and nothing in it is believed before it was checked against what is there.
/// </summary>
internal static class StunMessage
{
    /// <summary>Bytes of a message's header, and of a whole request.</summary>
    public const int HeaderLength = 20;

    public const int TransactionIdLength = 12;

    /// <summary>Bytes of an answer that is looked at: a path's MTU is the limit that servers keep to (section 6.1).</summary>
    public const int MaxLength = 1500;

    private const ushort BindingRequest = 0x0001;
    private const ushort BindingSuccess = 0x0101;
    private const ushort BindingError = 0x0111;
    private const uint MagicCookie = 0x2112A442;
    private const int AttributeHeader = 4;

    /// <summary>Writes a request: without attributes, since a server needs none to say where it came from.</summary>
    public static void WriteRequest(Span<byte> message, ReadOnlySpan<byte> transactionId)
    {
        BinaryPrimitives.WriteUInt16BigEndian(message, BindingRequest);
        BinaryPrimitives.WriteUInt16BigEndian(message[2..], 0);
        BinaryPrimitives.WriteUInt32BigEndian(message[4..], MagicCookie);
        transactionId[..TransactionIdLength].CopyTo(message[8..]);
    }

    /// <summary>Reads what a server sent.</summary>
    /// <param name="message">The whole datagram.</param>
    /// <param name="transactionId">The request's.</param>
    /// <returns>What it says; <see cref="StunAnswer.None"/> for what is no well-formed answer to this request and is ignored (section
    /// 6.3).</returns>
    public static StunAnswer Read(ReadOnlySpan<byte> message, ReadOnlySpan<byte> transactionId)
    {
        if (message.Length is < HeaderLength or > MaxLength)
            return StunAnswer.None;
        var type = BinaryPrimitives.ReadUInt16BigEndian(message);
        int length = BinaryPrimitives.ReadUInt16BigEndian(message[2..]);
        var isAnswer = type is BindingSuccess or BindingError && BinaryPrimitives.ReadUInt32BigEndian(message[4..]) == MagicCookie
            && length == message.Length - HeaderLength && length % 4 == 0
            && message.Slice(8, TransactionIdLength).SequenceEqual(transactionId);
        if (!isAnswer || ReadAttributes(message) is not { } attributes)
            return StunAnswer.None;
        if (type == BindingError)
            return StunAnswer.Refused(attributes.ErrorCode);
        return attributes.HasUnknown || attributes.Address is not { } address ? StunAnswer.Refused(0) : StunAnswer.Seen(address);
    }

    /// <summary>Null when they are not well-formed.</summary>
    private static StunAttributes? ReadAttributes(ReadOnlySpan<byte> message)
    {
        var attributes = new StunAttributes();
        var at = HeaderLength;
        while (at < message.Length)
        {
            // The message is a multiple of four bytes long and each step is, too: there is always room for the header.
            var type = BinaryPrimitives.ReadUInt16BigEndian(message[at..]);
            int length = BinaryPrimitives.ReadUInt16BigEndian(message[(at + 2)..]);
            var next = at + AttributeHeader + ((length + 3) & ~3);
            if (next > message.Length || !attributes.Read(type, message, at + AttributeHeader, length))
                return null;
            at = next;
        }

        return attributes;
    }
}

/// <summary>What one datagram says to a binding request.</summary>
/// <param name="Kind">Whether it is an answer at all.</param>
/// <param name="Address">The address and port that the request came from, as the server saw it.</param>
/// <param name="ErrorCode">The server's code, 300–699; 0 for a success that can't be used.</param>
internal readonly record struct StunAnswer(StunAnswerKind Kind, IPEndPoint? Address, int ErrorCode)
{
    public static StunAnswer None => default;

    public static StunAnswer Seen(IPEndPoint address) => new(StunAnswerKind.Seen, address, 0);

    public static StunAnswer Refused(int code) => new(StunAnswerKind.Refused, null, code);
}

/// <summary>What a <see cref="StunAnswer"/> is.</summary>
internal enum StunAnswerKind
{
    /// <summary>No answer to the request: it is ignored.</summary>
    None,

    /// <summary>The address was seen.</summary>
    Seen,

    /// <summary>The server refused, or answered what can't be used.</summary>
    Refused,
}
