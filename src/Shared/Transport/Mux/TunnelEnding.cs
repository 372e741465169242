using System.Net.Sockets;
using Tunnel.Shared.Transport.Tls.Connections;

namespace Tunnel.Shared.Transport.Mux;

/// <summary>
/// The end of a tunnel, which comes once: in order, with RESETs and a goodbye, or at once when it is lost. Either way its streams and
/// sessions go first, then the connection, and whoever waits for the end is told last.
/// </summary>
/// <param name="endpoint">What ends.</param>
/// <param name="connection">What is closed behind it.</param>
/// <param name="ended">Called before the completion, when all is closed.</param>
internal sealed class TunnelEnding(MuxEndpoint endpoint, TlsConnection connection, Action<TunnelEnd> ended)
{
    private static readonly TimeSpan CloseTimeout = TimeSpan.FromSeconds(2);

    private readonly TaskCompletionSource<TunnelEnd> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when all is closed.</summary>
    public Task<TunnelEnd> Completion => _completion.Task;

    /// <summary>Completes when nothing is read any more.</summary>
    public Task Reading { get; set; } = Task.CompletedTask;

    /// <summary>Stopped at the end.</summary>
    public IAsyncDisposable? Clock { get; set; }

    /// <summary>Ends it in order; the goodbye waits for <paramref name="others"/>, for 2 s at most with all else.</summary>
    public async Task CloseAsync(TunnelEnd end, Task others)
    {
        var core = endpoint.Core;
        endpoint.BeginEnd(end);
        using var timeout = new CancellationTokenSource(CloseTimeout, core.Context.Time);
        await IgnoreLossAsync(others.WaitAsync(timeout.Token));

        // The end waits for a moment in which nothing is being sent: what was queued is out then, and close_notify does not land in the
        // middle of a batch.
        bool isOurs;
        while (!(isOurs = core.TryEnd(end, whileSending: timeout.IsCancellationRequested)) && !core.IsDead)
            await IgnoreLossAsync(core.WaitIdleAsync().WaitAsync(timeout.Token));
        if (!isOurs)
        {
            await Completion;
            return;
        }

        endpoint.LoseAll();
        if (!timeout.IsCancellationRequested)
            await IgnoreLossAsync(SayGoodbyeAsync(timeout.Token));
        await FinishAsync();
    }

    /// <summary>Ends it without ceremony.</summary>
    public void Terminate(TunnelEnd end)
    {
        if (!endpoint.Core.TryEnd(end, whileSending: true))
            return;
        endpoint.LoseAll();
        _ = FinishAsync();
    }

    private async Task SayGoodbyeAsync(CancellationToken cancellationToken)
    {
        // To the thread that decrypts.
        await connection.Loop.Yield();
        await connection.SendCloseNotifyAsync(cancellationToken);
        connection.Socket.Shutdown(SocketShutdown.Send);
        await Reading.WaitAsync(cancellationToken);
    }

    private async Task FinishAsync()
    {
        try
        {
            if (Clock is { } clock)
                await clock.DisposeAsync();
            await connection.DisposeAsync();
        }
        catch (Exception e)
        {
            // Closed under a write that is still under way; whoever waits for the end must not do so for ever.
            endpoint.Core.Events.OnDefect(e);
        }

        endpoint.ReleaseWaiting();
        var end = endpoint.Core.End!;
        ended(end);
        _completion.TrySetResult(end);
    }

    // A peer that is gone or takes nothing: closing is all that is left.
    private static async Task IgnoreLossAsync(Task task)
    {
        try
        {
            await task;
        }
        catch (Exception e) when (TlsConnection.IsLoss(e) || e is OperationCanceledException)
        {
        }
    }
}
