using System.Net.Sockets;
using Tunnel.Shared.Transport;

namespace Tunnel.Shared.Relay;

/// <summary>A connected TCP socket as a stream's local end.</summary>
public sealed class SocketEndpoint(Socket socket) : ILocalEndpoint
{
    /// <inheritdoc/>
    public void Start(ITunnelStream stream) => throw new NotImplementedException($"{socket}");

    /// <inheritdoc/>
    public LocalReadStatus TryRead(Span<byte> buffer, out int count) => throw new NotImplementedException();

    /// <inheritdoc/>
    public bool ArmRead() => throw new NotImplementedException();

    /// <inheritdoc/>
    public void ParkRead() => throw new NotImplementedException();

    /// <inheritdoc/>
    public int TryWrite(ReadOnlySpan<byte> data) => throw new NotImplementedException();

    /// <inheritdoc/>
    public ValueTask<bool> WriteAsync(ReadOnlyMemory<byte> data) => throw new NotImplementedException();

    /// <inheritdoc/>
    public void ShutdownWrite() => throw new NotImplementedException();

    /// <inheritdoc/>
    public void Close() => throw new NotImplementedException();

    /// <inheritdoc/>
    public void Reset(bool flush) => throw new NotImplementedException();
}
