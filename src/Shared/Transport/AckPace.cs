namespace Tunnel.Shared.Transport;

/// <summary>
/// Says when received bytes are acknowledged (protocol.md section 8): over TLS for each connection, over QUIC for each stream.
/// </summary>
internal static class AckPace
{
    /// <summary>Received bytes after which ACK is due at once.</summary>
    public const long AtOnce = 256 << 10;

    /// <summary>How long a received byte may wait for its ACK.</summary>
    public static readonly TimeSpan Delay = TimeSpan.FromMilliseconds(20);
}
