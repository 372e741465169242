using Tunnel.Shared.Transport;

namespace Tunnel.Edge.Tcp;

/// <summary>A client that was let in and has no stream yet.</summary>
internal readonly record struct WaitingClient(Client Client, StreamOpening Opening, ClientConnection Connection);
