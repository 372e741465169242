namespace Tunnel.Shared.Transport.Tls.Connections;

/// <summary>
/// The peer sends nothing but TLS records without content. Each costs this process the derivation of a key or the like, and is of no use to
/// anybody.
/// </summary>
internal sealed class RecordFloodException(int records)
    : IOException($"more than {records} TLS records in a row without content (such as KeyUpdate or NewSessionTicket)");
