using System.Net.Sockets;

namespace Tunnel.Shared.Sockets;

/// <summary>Holds sockets beside this process, so that they stay open when it ends, and gives them to the next one.</summary>
public interface ISocketKeeper
{
    /// <summary>Holds a socket as well. It is no error if that can't be done: the socket then ends with this process.</summary>
    /// <param name="name">What the socket is called; no other one has this name.</param>
    /// <param name="socket">The socket.</param>
    void Keep(string name, Socket socket);

    /// <summary>Lets go of a socket.</summary>
    void Forget(string name);
}
