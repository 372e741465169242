namespace Tunnel.Shared.Transport.Tls.Connections;

/// <summary>
/// How bulk is cut into TLS records: each has 16 KiB on the wire. <see cref="System.Net.Security.SslStream"/> at the other end reads into
/// 32 KiB, so two such records come with one system call. It would itself cut records with 16 KiB of content; of those, the second is
/// always cut off 44 bytes before its end, moved to the front and completed by the next call.
/// </summary>
internal static class TlsRecord
{
    /// <summary>Bytes of a record on the wire.</summary>
    public const int Size = 16 << 10;

    /// <summary>
    /// Bytes of content in a record, without header, content type and tag (RFC 8446 section 5.2; all ciphers of TLS 1.3 that the runtime
    /// has).
    /// </summary>
    public const int ContentSize = Size - 5 - 1 - 16;

    /// <summary>The number of records that are sent with one system call when there is enough to send.</summary>
    public const int PerBatch = 4;
}
