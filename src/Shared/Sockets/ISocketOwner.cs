namespace Tunnel.Shared.Sockets;

/// <summary>Is told of a socket's events. Called on the loop's thread, so implementations must not block.</summary>
internal interface ISocketOwner
{
    /// <summary>The event for which <see cref="LoopSocket.AwaitReadable"/> waited has come.</summary>
    void OnReadable();

    /// <summary>The connection has failed, most likely by a reset of the peer. This is called whether or not anybody reads.</summary>
    void OnError();
}
