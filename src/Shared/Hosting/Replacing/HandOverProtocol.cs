namespace Tunnel.Shared.Hosting.Replacing;

/// <summary>
/// How a process passes what it has to the one that replaces it, over its admin socket. The new one asks by HTTP for another protocol
/// (RFC 9110 section 7.8). Then come single bytes, most of which bring a descriptor (SCM_RIGHTS of unix(7)).
/// </summary>
internal static class HandOverProtocol
{
    /// <summary>The path of the request.</summary>
    public const string Path = "/hand-over";

    /// <summary>The name of the protocol in <c>Upgrade</c>.</summary>
    public const string Name = "tunnel-hand-over";

    /// <summary>From the new process: it has read the answer to its request.</summary>
    public const byte Begin = (byte)'b';

    /// <summary>From the old process: the descriptor of a port's socket.</summary>
    public const byte Socket = (byte)'s';

    /// <summary>From the old process: the descriptor of the state directory's lock. It writes no state from now on.</summary>
    public const byte Lock = (byte)'l';

    /// <summary>From the old process: that was all. One byte with the length of its name follows, and the name.</summary>
    public const byte End = (byte)'e';

    /// <summary>From the new process: it serves.</summary>
    public const byte Ready = (byte)'r';

    /// <summary>From the old process: it only drains from now on, and the service manager knows of the new one.</summary>
    public const byte Done = (byte)'d';

    /// <summary>The most bytes of a name.</summary>
    public const int MaxName = 255;
}
