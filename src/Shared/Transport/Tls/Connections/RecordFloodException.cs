namespace Tunnel.Shared.Transport.Tls.Connections;

/// <summary>
/// The peer sends TLS records that carry nothing, and nothing else: each costs us the derivation of a key or the like, and brings nobody
/// anything.
/// </summary>
internal sealed class RecordFloodException(int records)
    : IOException($"more than {records} TLS records in a row without content (such as KeyUpdate or NewSessionTicket)");
