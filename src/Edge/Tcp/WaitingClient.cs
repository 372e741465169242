using Tunnel.Shared.Transport;

namespace Tunnel.Edge.Tcp;

/// <summary>A client that was let in and has no stream yet.</summary>
/// <param name="Client">The client.</param>
/// <param name="Opening">What the hub will be told about it.</param>
/// <param name="Connection">Its place in its port's list.</param>
/// <param name="Since">The timestamp at which it was let in.</param>
internal readonly record struct WaitingClient(Client Client, StreamOpening Opening, ClientConnection Connection, long Since);
