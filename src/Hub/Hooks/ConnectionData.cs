namespace Tunnel.Hub.Hooks;

/// <summary>Some of a connection's first bytes.</summary>
/// <param name="UniqueId">The connection's name, as in <see cref="ConnectionContext.UniqueId"/>.</param>
/// <param name="IsFromClient">True: from the client; false: from the upstream.</param>
/// <param name="Offset">How many bytes of this direction came before.</param>
/// <param name="Bytes">The bytes; they stay valid.</param>
public sealed record ConnectionData(string UniqueId, bool IsFromClient, int Offset, ReadOnlyMemory<byte> Bytes);
