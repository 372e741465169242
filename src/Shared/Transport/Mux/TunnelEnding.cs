using System.Net.Sockets;
using Tunnel.Shared.Protocol;
using Tunnel.Shared.Transport.Tls.Connections;

namespace Tunnel.Shared.Transport.Mux;

/// <summary>
/// The end of a tunnel, which comes once: in order, with RESETs and a goodbye, or at once when it is lost. Either way its streams and sessions go
/// first, then the connection, and whoever waits for the end is told last.
/// </summary>
internal sealed class TunnelEnding(MuxTunnel tunnel, TlsConnection connection)
{
    private static readonly TimeSpan CloseTimeout = TimeSpan.FromSeconds(2);

    private readonly TaskCompletionSource<TunnelEnd> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TunnelEnd? _wanted;
    private TunnelEnd? _end;

    /// <summary>Completes when all is closed.</summary>
    public Task<TunnelEnd> Completion => _completion.Task;

    /// <summary>We are about to end it in order.</summary>
    public bool IsWanted => _wanted is not null;

    /// <summary>It is over, though not all may be closed yet.</summary>
    public bool IsOver => _end is not null;

    /// <summary>Ends it in order; the goodbye waits for <paramref name="others"/>, for 2 s at most with all else.</summary>
    public async Task CloseAsync(TunnelEnd end, Task others)
    {
        MuxStream[] streams;
        lock (tunnel.Sync)
        {
            streams = IsWanted || IsOver ? [] : [.. tunnel.Table.AllStreams];
            _wanted ??= end;
        }

        foreach (var stream in streams)
            Try(() => stream.Reset(ResetReason.ShuttingDown));
        tunnel.Writer.Request();
        using var timeout = new CancellationTokenSource(CloseTimeout, tunnel.Context.Time);
        await IgnoreLossAsync(others.WaitAsync(timeout.Token));

        // The end waits for a moment in which nothing is being sent: what was queued is out then, and close_notify does not land in the middle of a batch.
        bool ended;
        while (!(ended = TryEnd(end, whileSending: timeout.IsCancellationRequested)) && !IsOver)
            await IgnoreLossAsync(tunnel.Writer.WaitIdleAsync().WaitAsync(timeout.Token));
        if (!ended)
        {
            await Completion;
            return;
        }

        LoseStreams();
        if (!timeout.IsCancellationRequested)
            await IgnoreLossAsync(SayGoodbyeAsync(timeout.Token));
        await FinishAsync(_end!);
    }

    /// <summary>Ends it without ceremony.</summary>
    public void Terminate(TunnelEnd end)
    {
        if (!TryEnd(end, whileSending: true))
            return;
        LoseStreams();
        _ = FinishAsync(_end!);
    }

    private bool TryEnd(TunnelEnd end, bool whileSending)
    {
        lock (tunnel.Sync)
        {
            if (IsOver || (!whileSending && tunnel.Writer.IsSending))
                return false;
            _end = _wanted ?? end;
            tunnel.Endings.Release();
            return true;
        }
    }

    private void LoseStreams()
    {
        MuxStream[] streams;
        MuxSession[] sessions;
        lock (tunnel.Sync)
        {
            streams = [.. tunnel.Table.AllStreams];
            sessions = [.. tunnel.Table.AllSessions];
        }

        foreach (var stream in streams)
            Try(stream.OnTunnelLost);
        foreach (var session in sessions)
            Try(session.OnClosed);
    }

    // One that can't be ended must not keep the others, nor the tunnel, from it: who waits for the tunnel's end would wait for ever.
    private void Try(Action end)
    {
        try
        {
            end();
        }
        catch (Exception e)
        {
            tunnel.NoteDefect(e);
        }
    }

    private async Task SayGoodbyeAsync(CancellationToken cancellationToken)
    {
        // To the thread that decrypts.
        await tunnel.Loop.Yield();
        await connection.SendCloseNotifyAsync(cancellationToken);
        connection.Socket.Shutdown(SocketShutdown.Send);
        await tunnel.Reading.WaitAsync(cancellationToken);
    }

    private async Task FinishAsync(TunnelEnd end)
    {
        try
        {
            await tunnel.StopTickingAsync();
            await connection.DisposeAsync();
        }
        catch (Exception e)
        {
            // Closed under a write that is still under way; whoever waits for the end must not do so for ever.
            tunnel.NoteDefect(e);
        }

        tunnel.OnEnded(end);
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
