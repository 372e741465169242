using System.Net;
using System.Net.Sockets;
using Tunnel.Shared.Sockets;

namespace Tunnel.Hub.Targets;

/// <summary>
/// Connects to one of several addresses: the next one is tried when the one before has failed or has let its patience pass, and the first
/// that answers wins (RFC 8305, also between the targets of a pool).
/// </summary>
internal sealed class ConnectRace(DescriptorGuard descriptors, TimeProvider time)
{
    /// <summary>The patience with an address of a name that has others.</summary>
    public static readonly TimeSpan Stagger = TimeSpan.FromMilliseconds(250);

    /// <summary>Connects to one address.</summary>
    public async ValueTask<ConnectOutcome> ConnectAsync(IPEndPoint address, CancellationToken limit)
    {
        try
        {
            var (socket, error) = await SocketConnector.ConnectAsync(address, limit, descriptors);
            return socket is not null ? new ConnectOutcome(socket, default) : ConnectOutcome.Failed(Classify(error));
        }
        catch (OperationCanceledException)
        {
            return ConnectOutcome.Failed(StreamFailure.ConnectTimeout);
        }
        catch (SocketException e)
        {
            // The connection was reset so soon that its options can't be set.
            return ConnectOutcome.Failed(Classify(e.SocketErrorCode));
        }
    }

    /// <summary>Runs a race until one address has answered, all have failed, or the limit fires.</summary>
    /// <param name="runners">What is tried; asked for the next address when it is due.</param>
    /// <param name="limit">Fires when the time has passed, or when nobody wants the connection any more.</param>
    /// <returns>The winner's outcome; of losers alone, that of the last.</returns>
    public async ValueTask<ConnectOutcome> RunAsync(IConnectRunners runners, CancellationToken limit)
    {
        using var losers = CancellationTokenSource.CreateLinkedTokenSource(limit);
        var running = new List<(Task<ConnectOutcome> Task, ConnectRunner Runner)>();
        var outcome = ConnectOutcome.Failed(StreamFailure.NoTarget);
        var next = runners.Next();
        while (next is not null || running.Count > 0)
        {
            var patience = Timeout.InfiniteTimeSpan;
            if (next is { } runner)
            {
                running.Add((ConnectAsync(runner.Address, losers.Token).AsTask(), runner));
                patience = runner.Patience;
                next = null;
            }

            if (await FirstAsync(running, patience) is not { } ended)
            {
                next = runners.Next();
                continue;
            }

            running.Remove(ended);
            outcome = await ended.Task;
            if (outcome.Succeeded)
                outcome = outcome with { Use = ended.Runner.Use };
            runners.OnEnded(ended.Runner, outcome);
            if (outcome.Succeeded || limit.IsCancellationRequested)
                break;
            next = runners.Next();
        }

        if (running.Count > 0)
            await losers.CancelAsync();
        foreach (var (task, runner) in running)
            await DiscardAsync(runners, runner, task);
        return outcome;
    }

    // Returns the first attempt that has ended; null when the next is due before that.
    private async Task<(Task<ConnectOutcome> Task, ConnectRunner Runner)?> FirstAsync(
        List<(Task<ConnectOutcome> Task, ConnectRunner Runner)> running, TimeSpan patience)
    {
        if (running.FirstOrDefault(attempt => attempt.Task.IsCompleted) is { Task: not null } done)
            return done;
        using var end = new CancellationTokenSource();
        var due = Task.Delay(patience, time, end.Token);
        var first = await Task.WhenAny([.. running.Select(attempt => attempt.Task), due]);
        await end.CancelAsync();
        return first == due ? null : running.First(attempt => attempt.Task == first);
    }

    private static async Task DiscardAsync(IConnectRunners runners, ConnectRunner runner, Task<ConnectOutcome> task)
    {
        var outcome = await task;
        if (outcome.Succeeded)
        {
            // The address has answered a moment too late; a reset does not look like an orderly end.
            SocketReset.Now(outcome.Socket);
        }

        runners.OnLost(runner);
    }

    private static StreamFailure Classify(SocketError error) => error switch
    {
        SocketError.ConnectionRefused or SocketError.ConnectionReset => StreamFailure.Refused,
        SocketError.TimedOut => StreamFailure.ConnectTimeout,
        SocketError.TooManyOpenSockets => StreamFailure.DescriptorLimit,
        SocketError.NoBufferSpaceAvailable or SocketError.AddressNotAvailable or SocketError.AddressAlreadyInUse =>
            StreamFailure.NoResources,
        _ => StreamFailure.Unreachable,
    };
}

/// <summary>One address in a race.</summary>
/// <param name="Address">The address.</param>
/// <param name="Patience">How long it may be silent before the next one is tried beside it.</param>
/// <param name="Use">Is told what becomes of the connection; null when nobody wants to know.</param>
internal readonly record struct ConnectRunner(IPEndPoint Address, TimeSpan Patience, IUpstreamUse? Use = null);

/// <summary>Chooses what is tried in a race.</summary>
internal interface IConnectRunners
{
    /// <summary>The next address; null when there is no other.</summary>
    ConnectRunner? Next();

    /// <summary>Notes that one has connected or failed by itself.</summary>
    void OnEnded(in ConnectRunner runner, in ConnectOutcome outcome);

    /// <summary>Notes that one was given up, since another has won or the time has passed.</summary>
    void OnLost(in ConnectRunner runner);
}
