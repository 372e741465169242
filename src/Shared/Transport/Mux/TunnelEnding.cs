using Tunnel.Shared.Guarding;
using Tunnel.Shared.Transport.Tls.Connections;

namespace Tunnel.Shared.Transport.Mux;

/// <summary>
/// The end of a tunnel, which comes once: in order, with RESETs and close_notify, or at once when the tunnel is lost. In both cases its
/// streams and sessions end first, then the connection, and waits for the end complete last.
/// </summary>
/// <param name="endpoint">The end of the mux.</param>
/// <param name="ended">Called when all is closed, before <see cref="Completion"/> completes.</param>
internal sealed class TunnelEnding(MuxEndpoint endpoint, Action<TunnelEnd> ended)
{
    private static readonly TimeSpan CloseTimeout = TimeSpan.FromSeconds(2);

    private readonly TaskCompletionSource<TunnelEnd> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when all is closed.</summary>
    public Task<TunnelEnd> Completion => _completion.Task;

    /// <summary>The connection, which is closed last; null while it is lost, and once it is given to another tunnel.</summary>
    public IFrameConnection? Connection { get; set; }

    /// <summary>Completes when nothing is read any more.</summary>
    public Task Reading { get; set; } = Task.CompletedTask;

    /// <summary>The tunnel's timer, which is stopped at the end.</summary>
    public IAsyncDisposable? Clock { get; set; }

    /// <summary>Ends the tunnel in order. Its close_notify waits for <paramref name="others"/>; all of it takes at most 2 s.</summary>
    public async Task CloseAsync(TunnelEnd end, Task others)
    {
        var core = endpoint.Core;
        endpoint.BeginEnd(end);
        using var timeout = new CancellationTokenSource(CloseTimeout, core.Context.Time);
        await IgnoreLossAsync(others.WaitAsync(timeout.Token));

        // The end waits for a moment in which nothing is being sent: by then queued frames are sent, and close_notify does not land in the
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
        if (!timeout.IsCancellationRequested && Connection is { } connection)
            await IgnoreLossAsync(SayGoodbyeAsync(connection, timeout.Token));
        await FinishAsync();
    }

    /// <summary>Ends the tunnel at once, without an orderly close.</summary>
    public void Terminate(TunnelEnd end)
    {
        if (!endpoint.Core.TryEnd(end, whileSending: true))
            return;
        endpoint.LoseAll();
        FinishAsync().Guard("ending a tunnel");
    }

    /// <summary>Ends the tunnel and leaves its connection open, which another one goes on with. Nothing is being sent.</summary>
    /// <returns>False when it has ended already.</returns>
    public bool TryLeave(TunnelEnd end)
    {
        if (!endpoint.Core.TryEnd(end, whileSending: false))
            return false;
        Connection = null;
        endpoint.LoseAll();
        FinishAsync().Guard("ending a tunnel");
        return true;
    }

    private async Task SayGoodbyeAsync(IFrameConnection connection, CancellationToken cancellationToken)
    {
        // This goes on with the thread that decrypts.
        await connection.Loop.Yield();
        await connection.EndWritingAsync(cancellationToken);
        await Reading.WaitAsync(cancellationToken);
    }

    private async Task FinishAsync()
    {
        try
        {
            if (Clock is { } clock)
                await clock.DisposeAsync();
            if (Connection is { } connection)
                await connection.DisposeAsync();
        }
        catch (Exception e)
        {
            // The connection may be closed during a write; callers that wait for the end must not wait for ever.
            endpoint.Core.Events.OnDefect(e);
        }

        endpoint.ReleaseWaiting();
        var end = endpoint.Core.End!;
        ended(end);
        _completion.TrySetResult(end);
    }

    // The peer is gone or takes nothing: all that is left is to close the connection.
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
