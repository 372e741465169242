using System.Collections.Immutable;

namespace Tunnel.Shared.Protocol.Sni;

/// <summary>The part of a TLS client's first message that is sent in clear, before anything is agreed on.</summary>
/// <param name="ServerName">
/// The host name that it asks for (SNI) in lower case, without a dot at its end; null when it names none, or none that a host can have.
/// </param>
/// <param name="Protocols">The application protocols that it offers (ALPN), in its order; only those of printable ASCII.</param>
/// <param name="HasEncryptedHello">
/// Whether it has the extension encrypted_client_hello. Then the name may be that of the server's provider; but browsers send the
/// extension with random bytes to every server (GREASE), and nobody but the server can tell which it is.
/// </param>
public sealed record ClientHello(string? ServerName, ImmutableArray<string> Protocols, bool HasEncryptedHello);
