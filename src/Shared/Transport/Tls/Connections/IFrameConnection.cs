using System.Net;
using Tunnel.Shared.Sockets;

namespace Tunnel.Shared.Transport.Tls.Connections;

/// <summary>What carries the frames of a tunnel: TLS over TCP, or a stream of another tunnel. Disposing closes it.</summary>
internal interface IFrameConnection : IAsyncDisposable
{
    /// <summary>The peer's address.</summary>
    IPEndPoint Remote { get; }

    /// <summary>The loop that others get their turn on.</summary>
    EventLoop Loop { get; }

    /// <summary>The kernel's side of it; null when it has no socket of its own.</summary>
    TcpOptions? Tcp { get; }

    /// <summary>Gathers what is written; null when nothing has to be gathered.</summary>
    GatheringStream? Gathering { get; }

    /// <summary>Reads at least one byte, or waits for one if the buffer is empty.</summary>
    /// <returns>The bytes read; 0 at the end.</returns>
    /// <exception cref="IOException">The connection is lost.</exception>
    ValueTask<int> ReadAsync(Memory<byte> buffer);

    /// <summary>Writes all of it.</summary>
    /// <exception cref="IOException">The connection is lost.</exception>
    ValueTask WriteAsync(ReadOnlyMemory<byte> data);

    /// <summary>Tells the peer that nothing follows.</summary>
    /// <exception cref="IOException">The connection is lost.</exception>
    Task EndWritingAsync(CancellationToken cancellationToken);
}
