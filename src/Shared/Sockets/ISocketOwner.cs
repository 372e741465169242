namespace Tunnel.Shared.Sockets;

/// <summary>Is told of a socket's events, on the loop's thread: must not block.</summary>
internal interface ISocketOwner
{
    /// <summary>What <see cref="LoopSocket.AwaitReadable"/> waited for has come.</summary>
    void OnReadable();

    /// <summary>The connection has failed, a reset by the peer most likely, whether or not anybody reads.</summary>
    void OnError();
}
