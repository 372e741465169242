using System.Buffers.Binary;
using System.Net;

namespace Tunnel.Edge.PublicAddress;

/// <summary>
/// Writes binding requests and reads their answers (RFC 8489 sections 5 and 14), without any I/O. An answer is one datagram of at most
/// <see cref="MaxLength"/> bytes that anybody may have sent, and no length in it is believed before it was checked against the actual size.
/// </summary>
internal static class StunMessage
{
    /// <summary>The length of a message's header, and of a whole request, in bytes.</summary>
    public const int HeaderLength = 20;

    public const int TransactionIdLength = 12;

    /// <summary>The most bytes of an answer that are read: servers keep to a path's MTU (section 6.1).</summary>
    public const int MaxLength = 1500;

    private const ushort BindingRequest = 0x0001;
    private const ushort BindingSuccess = 0x0101;
    private const ushort BindingError = 0x0111;
    private const uint MagicCookie = 0x2112A442;
    private const int AttributeHeader = 4;

    /// <summary>Writes a request. It has no attributes, since a server needs none to say where the request came from.</summary>
    public static void WriteRequest(Span<byte> message, ReadOnlySpan<byte> transactionId)
    {
        BinaryPrimitives.WriteUInt16BigEndian(message, BindingRequest);
        BinaryPrimitives.WriteUInt16BigEndian(message[2..], 0);
        BinaryPrimitives.WriteUInt32BigEndian(message[4..], MagicCookie);
        transactionId[..TransactionIdLength].CopyTo(message[8..]);
    }

    /// <summary>Reads what a server sent.</summary>
    /// <param name="message">The whole datagram.</param>
    /// <param name="transactionId">The transaction id of the request.</param>
    /// <returns>
    /// What the datagram says; <see cref="StunAnswer.None"/> when it is not a well-formed answer to this request and is ignored (section
    /// 6.3).
    /// </returns>
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

    /// <summary>Reads all attributes; returns null when they are not well-formed.</summary>
    private static StunAttributes? ReadAttributes(ReadOnlySpan<byte> message)
    {
        var attributes = new StunAttributes();
        var at = HeaderLength;
        while (at < message.Length)
        {
            // The message is a multiple of four bytes long, and so is each step, so there is always room for the header.
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

/// <summary>The content of one datagram that may answer a binding request.</summary>
/// <param name="Kind">Whether it is an answer at all.</param>
/// <param name="Address">The address and port that the request came from, as the server saw it.</param>
/// <param name="ErrorCode">The server's code, 300–699; 0 for a success that can't be used.</param>
internal readonly record struct StunAnswer(StunAnswerKind Kind, IPEndPoint? Address, int ErrorCode)
{
    public static StunAnswer None => default;

    public static StunAnswer Seen(IPEndPoint address) => new(StunAnswerKind.Seen, address, 0);

    public static StunAnswer Refused(int code) => new(StunAnswerKind.Refused, null, code);
}

/// <summary>The kind of a <see cref="StunAnswer"/>.</summary>
internal enum StunAnswerKind
{
    /// <summary>The datagram does not answer the request and is ignored.</summary>
    None,

    /// <summary>The answer contains the address.</summary>
    Seen,

    /// <summary>The server refused, or its answer can't be used.</summary>
    Refused,
}
