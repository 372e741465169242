using System.Buffers.Binary;

namespace Tunnel.Shared.Protocol.Sni;

/// <summary>
/// Finds the ClientHello (RFC 8446 section 4.1.2) at the start of a connection, however it is split over TLS records and over segments.
/// Each byte is looked at once, so that a client that sends single bytes costs no more than another. Accepts any input.
/// </summary>
public sealed class ClientHelloReader
{
    /// <summary>The most bytes that are read, with the headers of the records.</summary>
    public const int MaxLength = 16 << 10;

    private const int RecordHeaderLength = 5;
    private const int MaxRecord = 1 << 14;
    private const byte HandshakeRecord = 22;
    private const byte MajorVersion = 3;
    private const int MessageHeaderLength = 4;
    private const byte ClientHelloMessage = 1;

    private readonly byte[] _header = new byte[MessageHeaderLength];

    // The first record that has not come whole begins here, behind so many bytes of the message in the records before it.
    private int _record;
    private int _before;

    // How many bytes of the message's header are known.
    private int _headerBytes;

    /// <summary>The message; null unless it is complete.</summary>
    public ClientHello? Hello { get; private set; }

    /// <summary>Looks at what has come since the last call.</summary>
    /// <param name="data">All that the connection began with; in each call the same bytes with others behind them.</param>
    public ClientHelloStatus Read(ReadOnlySpan<byte> data)
    {
        data = data[..Math.Min(data.Length, MaxLength)];
        while (true)
        {
            if (!MayBeRecord(data[_record..]))
                return ClientHelloStatus.NotTls;
            if (data.Length - _record < RecordHeaderLength)
                return data.Length >= MaxLength ? ClientHelloStatus.TooLong : ClientHelloStatus.Incomplete;

            var length = BinaryPrimitives.ReadUInt16BigEndian(data[(_record + RecordHeaderLength - 2)..]);
            if (length is 0 or > MaxRecord)
                return ClientHelloStatus.NotTls;
            var rest = data[(_record + RecordHeaderLength)..];
            var content = rest[..Math.Min(length, rest.Length)];
            TakeHeader(content);
            if (_headerBytes > 0 && _header[0] != ClientHelloMessage)
                return ClientHelloStatus.NotTls;
            if (_headerBytes == MessageHeaderLength)
            {
                if (MessageLength > MaxLength - RecordHeaderLength)
                    return ClientHelloStatus.TooLong;
                if (_before + content.Length >= MessageLength)
                    return Parse(data, content);
            }

            if (rest.Length < length)
                return data.Length >= MaxLength ? ClientHelloStatus.TooLong : ClientHelloStatus.Incomplete;
            _record += RecordHeaderLength + length;
            _before += length;
        }
    }

    private int MessageLength => MessageHeaderLength + ((_header[1] << 16) | (_header[2] << 8) | _header[3]);

    // Whatever the version says, in the first record it is that of the oldest servers that the client knows (section 5.1).
    private static bool MayBeRecord(ReadOnlySpan<byte> record) =>
        (record.Length < 1 || record[0] == HandshakeRecord) && (record.Length < 2 || record[1] == MajorVersion);

    private void TakeHeader(ReadOnlySpan<byte> content)
    {
        while (_headerBytes < MessageHeaderLength && _headerBytes - _before < content.Length)
        {
            _header[_headerBytes] = content[_headerBytes - _before];
            _headerBytes++;
        }
    }

    private ClientHelloStatus Parse(ReadOnlySpan<byte> data, ReadOnlySpan<byte> last)
    {
        var message = last;
        if (_before > 0)
        {
            var whole = new byte[_before + last.Length];
            Join(data[.._record], whole);
            last.CopyTo(whole.AsSpan(_before));
            message = whole;
        }

        Hello = ClientHelloParser.Parse(message[MessageHeaderLength..MessageLength]);
        return Hello is null ? ClientHelloStatus.NotTls : ClientHelloStatus.Complete;
    }

    // Copies the contents of whole records.
    private static void Join(ReadOnlySpan<byte> records, Span<byte> message)
    {
        while (!records.IsEmpty)
        {
            var length = BinaryPrimitives.ReadUInt16BigEndian(records[(RecordHeaderLength - 2)..]);
            records.Slice(RecordHeaderLength, length).CopyTo(message);
            message = message[length..];
            records = records[(RecordHeaderLength + length)..];
        }
    }
}
