using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using Tunnel.Shared.Relay;
using Tunnel.Shared.Sockets;
using Tunnel.Shared.Transport.Tls.Connections;

namespace Tunnel.Shared.Transport.Mux;

/// <summary>
/// A stream of another tunnel that carries the frames of one whose connection was lost (protocol.md section 8), until all that is open has
/// gone over.
/// </summary>
/// <param name="remote">The peer's address.</param>
internal sealed class CarriedConnection(IPEndPoint remote) : IFrameConnection, IStreamObserver
{
    private readonly PipeEndpoint _endpoint = new();
    private readonly TaskCompletionSource<StreamEnd> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The stream's local end.</summary>
    public ILocalEndpoint Endpoint => _endpoint;

    /// <summary>Completes with the stream's end.</summary>
    public Task<StreamEnd> Ended => _ended.Task;

    public IPEndPoint Remote => remote;

    public EventLoop Loop { get; } = EventLoops.Next();

    public TcpOptions? Tcp => null;

    public GatheringStream? Gathering => null;

    private PipeReader Input => _endpoint.Application.Input;

    private PipeWriter Output => _endpoint.Application.Output;

    public async ValueTask<int> ReadAsync(Memory<byte> buffer)
    {
        var result = await Input.ReadAsync();
        if (result.IsCanceled)
            throw new IOException("the connection was closed");
        var part = result.Buffer.Slice(0, Math.Min(buffer.Length, result.Buffer.Length));
        part.CopyTo(buffer.Span);

        // The pipe takes its memory back at once, and with that what the sequence is made of.
        var count = (int)part.Length;
        Input.AdvanceTo(part.End);
        return count;
    }

    public async ValueTask WriteAsync(ReadOnlyMemory<byte> data)
    {
        if (await Output.WriteAsync(data) is { IsCanceled: true } or { IsCompleted: true })
            throw new IOException("the stream that carries the connection has ended");
    }

    public async Task EndWritingAsync(CancellationToken cancellationToken) => await Output.CompleteAsync();

    public void OnStreamClosed(ITunnelStream stream, in StreamEnd end) => _ended.TrySetResult(end);

    public ValueTask DisposeAsync()
    {
        _endpoint.Abort();

        // Whoever reads or writes learns it at once, and not when the stream has ended.
        Input.CancelPendingRead();
        Output.CancelPendingFlush();
        return ValueTask.CompletedTask;
    }
}
