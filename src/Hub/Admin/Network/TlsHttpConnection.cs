using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Tunnel.Hub.Accepting;
using Tunnel.Shared.Transport.Tls.Connections;

namespace Tunnel.Hub.Admin.Network;

/// <summary>
/// A connection of the tunnel port in the form that Kestrel expects. Two pipes lie between them: the sockets' continuations, which run on
/// the I/O threads, only move bytes, while Kestrel and the endpoints run on the thread pool.
/// </summary>
internal sealed class TlsHttpConnection : DefaultConnectionContext, ITlsConnectionFeature, ITlsApplicationProtocolFeature
{
    // How long the peer's remaining bytes are read and dropped: closing with unread bytes sends a RST, which may overtake the answer.
    private static readonly TimeSpan LingerLimit = TimeSpan.FromSeconds(2);

    private readonly TlsConnection _connection;
    private readonly TimeProvider _time;
    private readonly HttpDuplex _application;
    // Not the base's own source, which is disposed of while the pool may still be about to cancel it.
    private readonly CancellationTokenSource _closed = new();
    private readonly CancellationTokenSource _aborted = new();
    private readonly TaskCompletionSource _disposed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task _running = Task.CompletedTask;

    public TlsHttpConnection(TlsConnection connection, IPEndPoint remote, StrangerPass pass, TimeProvider time)
        : base(Guid.NewGuid().ToString("N"))
    {
        _connection = connection;
        _time = time;
        var received = new Pipe(new PipeOptions(
            readerScheduler: PipeScheduler.ThreadPool, writerScheduler: PipeScheduler.Inline, useSynchronizationContext: false));
        var sent = new Pipe(new PipeOptions(
            readerScheduler: PipeScheduler.Inline, writerScheduler: PipeScheduler.ThreadPool, useSynchronizationContext: false));
        Transport = new HttpDuplex(received.Reader, sent.Writer);
        Application = _application = new HttpDuplex(sent.Reader, received.Writer);
        ConnectionClosed = _closed.Token;
        LocalEndPoint = connection.Socket.LocalEndPoint;
        RemoteEndPoint = remote;
        Features.Set<ITlsConnectionFeature>(this);
        Features.Set<ITlsApplicationProtocolFeature>(this);
        Features.Set(pass);
    }

    public ReadOnlyMemory<byte> ApplicationProtocol => _connection.Stream.NegotiatedApplicationProtocol.Protocol;

    X509Certificate2? ITlsConnectionFeature.ClientCertificate { get; set; }

    /// <summary>Completes when Kestrel has released the connection and the last byte was sent.</summary>
    public Task Completion => _disposed.Task;

    /// <summary>Starts to move bytes.</summary>
    public void Start() => _running = RunAsync();

    public override void Abort(ConnectionAbortedException abortReason)
    {
        NoteClosed();
        Cancel(_aborted);
    }

    public override async ValueTask DisposeAsync()
    {
        try
        {
            await Transport.Input.CompleteAsync();
            await Transport.Output.CompleteAsync();
            await _running;
        }
        finally
        {
            _disposed.TrySetResult();
        }
    }

    Task<X509Certificate2?> ITlsConnectionFeature.GetClientCertificateAsync(CancellationToken cancellationToken) =>
        Task.FromResult<X509Certificate2?>(null);

    private async Task RunAsync()
    {
        var receiving = ReceiveAsync();
        var sending = SendAsync();
        try
        {
            await sending.WaitAsync(_aborted.Token);
            await _connection.SendCloseNotifyAsync(_aborted.Token).WaitAsync(LingerLimit, _time);
            _connection.Socket.Shutdown(SocketShutdown.Send);
            await receiving.WaitAsync(LingerLimit, _time, _aborted.Token);
        }
        catch (Exception error) when (IsExpected(error) || error is TimeoutException)
        {
            // The peer is gone or does not leave, so there is nobody to tell.
        }

        // Wakes whoever still waits for the peer.
        _application.Input.CancelPendingRead();
        await _connection.DisposeAsync();
        await receiving;
        await sending.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task ReceiveAsync()
    {
        var output = _application.Output;
        try
        {
            await _connection.Stream.CopyToAsync(output);

            // Kestrel reads no more, but the peer may still send.
            await _connection.Stream.CopyToAsync(Stream.Null);
        }
        catch (Exception error) when (IsExpected(error))
        {
            // For Kestrel this is an end like any other.
        }

        await output.CompleteAsync();

        // Otherwise a handler that only writes would not notice that the client is gone.
        NoteClosed();
    }

    // Kestrel's code runs when this token fires, so it is cancelled on the pool.
    private void NoteClosed() => Cancel(_closed);

    private static void Cancel(CancellationTokenSource source) =>
        ThreadPool.UnsafeQueueUserWorkItem(static source => ((CancellationTokenSource)source!).Cancel(), source);

    private async Task SendAsync()
    {
        var input = _application.Input;
        try
        {
            await input.CopyToAsync(_connection.Stream);
        }
        finally
        {
            await input.CompleteAsync();
        }
    }

    private static bool IsExpected(Exception error) =>
        error is IOException or SocketException or ObjectDisposedException or OperationCanceledException;

    private sealed record HttpDuplex(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
