using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Tunnel.Shared.Guarding;

namespace Tunnel.Hub.Hooks;

/// <summary>How the hooks have decided.</summary>
internal enum HookOutcome
{
    Allowed,
    Refused,
    TimedOut,
    Failed,
}

/// <summary>
/// Runs the hooks of an embedding program, so that none of them harms anybody but its own client: on the thread pool, a few at a time, each
/// for a second at most.
/// </summary>
internal sealed class HookRunner(TimeProvider time, ILogger logger)
{
    /// <summary>How long one hook may take.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(1);

    // A hook that blocks its thread takes one of the pool's, which others need too.
    private static readonly TaskScheduler Scheduler =
        new ConcurrentExclusiveSchedulerPair(TaskScheduler.Default, maxConcurrencyLevel: 4).ConcurrentScheduler;

    // This many may wait for their turn; more are refused, since they would be too late anyway.
    internal const int MaxWaiting = 4_096;

    private ImmutableArray<IConnectionHook> _hooks = [];
    private int _waiting;

    /// <summary>The hooks, in the order in which they are asked.</summary>
    public ImmutableArray<IConnectionHook> Hooks => _hooks;

    /// <summary>Adds a hook; disposing the result takes it out again.</summary>
    public IDisposable Add(IConnectionHook hook)
    {
        ImmutableInterlocked.Update(ref _hooks, static (hooks, added) => hooks.Add(added), hook);
        return new Removal(this, hook);
    }

    /// <summary>Asks one hook about a client. Throws only when the client is gone.</summary>
    public async Task<(HookOutcome Outcome, ConnectionDecision Decision)> AskAsync(
        IConnectionHook hook, Func<CancellationToken, ConnectionContext> describe, CancellationToken gone)
    {
        if (Interlocked.Increment(ref _waiting) > MaxWaiting)
        {
            Interlocked.Decrement(ref _waiting);
            return (HookOutcome.TimedOut, ConnectionDecision.Allow);
        }

        var patience = new CancellationTokenSource(Limit, time);
        var end = CancellationTokenSource.CreateLinkedTokenSource(gone, patience.Token);
        var running = Start(async () =>
        {
            var context = describe(end.Token);
            return end.IsCancellationRequested ? ConnectionDecision.Allow : await hook.OnConnectAsync(context) ?? ConnectionDecision.Allow;
        });
        try
        {
            var decision = await running.WaitAsync(end.Token);
            return (decision.Reason is null ? HookOutcome.Allowed : HookOutcome.Refused, decision);
        }
        catch (OperationCanceledException) when (end.IsCancellationRequested)
        {
            gone.ThrowIfCancellationRequested();
            return (HookOutcome.TimedOut, ConnectionDecision.Allow);
        }
        catch (Exception error)
        {
            HookLog.Threw(logger, error, hook.GetType().Name);
            return (HookOutcome.Failed, ConnectionDecision.Allow);
        }
        finally
        {
            DisposeAfterAsync(running, patience, end).Guard("ending a hook");
        }
    }

    /// <summary>Shows a hook some bytes; what it throws is logged.</summary>
    public async Task ShowAsync(IConnectionHook hook, ConnectionData data)
    {
        try
        {
            await Start(async () =>
            {
                await hook.OnDataAsync(data);
                return true;
            });
        }
        catch (Exception error)
        {
            HookLog.Threw(logger, error, hook.GetType().Name);
        }
    }

    private static Task<T> Start<T>(Func<Task<T>> work) =>
        Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.DenyChildAttach, Scheduler).Unwrap();

    // A hook that goes on after its time still counts, or a thousand of them could pile up.
    private async Task DisposeAfterAsync(Task running, CancellationTokenSource patience, CancellationTokenSource end)
    {
        await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ForceYielding);
        Interlocked.Decrement(ref _waiting);
        end.Dispose();
        patience.Dispose();
    }

    private sealed class Removal(HookRunner runner, IConnectionHook hook) : IDisposable
    {
        public void Dispose() => ImmutableInterlocked.Update(ref runner._hooks, static (hooks, removed) => hooks.Remove(removed), hook);
    }
}
