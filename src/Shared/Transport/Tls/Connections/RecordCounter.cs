namespace Tunnel.Shared.Transport.Tls.Connections;

/// <summary>
/// Counts the TLS records in received bytes by their headers (RFC 8446 section 5.1). It only reads the length: all records of TLS 1.3 look
/// alike from outside, and a peer that does not send TLS fails at the handshake.
/// </summary>
internal struct RecordCounter
{
    private const int HeaderSize = 5;

    private int _headerBytes;
    private int _length;

    /// <summary>Counts on with the next bytes of the connection.</summary>
    /// <returns>The number of records that begin in them.</returns>
    public int Count(ReadOnlySpan<byte> bytes)
    {
        var records = 0;
        var at = 0;
        while (at < bytes.Length)
        {
            if (_headerBytes < HeaderSize)
            {
                _length = ((_length << 8) | bytes[at++]) & ushort.MaxValue;
                if (++_headerBytes == HeaderSize)
                    records++;
                continue;
            }

            var count = Math.Min(_length, bytes.Length - at);
            at += count;
            _length -= count;
            if (_length == 0)
                _headerBytes = 0;
        }

        return records;
    }
}
