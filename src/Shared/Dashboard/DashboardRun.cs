using System.Runtime.InteropServices;
using System.Threading.Channels;
using Tunnel.Shared.Text;

namespace Tunnel.Shared.Dashboard;

/// <summary>Shows a dashboard on a terminal until <c>q</c> or a signal.</summary>
public static class DashboardRun
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private static readonly PosixSignal[] Ends = [PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP, PosixSignal.SIGQUIT];

    /// <summary>Whether a writer is a terminal on which lines can be moved: not a pipe, and not <c>TERM=dumb</c>.</summary>
    public static bool IsPossible(TextWriter output) =>
        Terminal.Of(output).Width is not null && !Console.IsInputRedirected
        && Environment.GetEnvironmentVariable("TERM") is { Length: > 0 } and not "dumb";

    /// <summary>Shows the dashboard.</summary>
    public static async Task ShowAsync(IDashboard dashboard, TextWriter output, CancellationToken cancellationToken)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var signals = Ends.Select(signal => PosixSignalRegistration.Create(signal, context =>
        {
            context.Cancel = true;
            end.Cancel();
        })).ToArray();
        try
        {
            using var screen = new TerminalScreen(output, Terminal.Of(output).HasColours);
            await RunAsync(dashboard, screen, Keys(), end.Token);
        }
        catch (OperationCanceledException) when (end.IsCancellationRequested)
        {
            // The dashboard has ended as it was wished.
        }
        finally
        {
            foreach (var signal in signals)
                signal.Dispose();
        }
    }

    /// <summary>Writes the dashboard once, as lines.</summary>
    public static async Task PrintAsync(IDashboard dashboard, TextWriter output, CancellationToken cancellationToken)
    {
        await dashboard.RefreshAsync(cancellationToken);
        var terminal = Terminal.Of(output);
        var width = terminal.Width ?? 160;
        foreach (var row in dashboard.Draw(width, IDashboard.Endless))
            await output.WriteLineAsync(row.Draw(width, terminal.HasColours).TrimEnd());
    }

    private static async Task RunAsync(
        IDashboard dashboard, TerminalScreen screen, ChannelReader<ConsoleKeyInfo> keys, CancellationToken cancellationToken)
    {
        var refresh = dashboard.RefreshAsync(cancellationToken);
        var due = Task.Delay(Interval, cancellationToken);
        var pressed = keys.WaitToReadAsync(cancellationToken).AsTask();
        while (true)
        {
            var (width, height) = (Math.Max(20, Console.WindowWidth), Math.Max(6, Console.WindowHeight));
            screen.Show(dashboard.Draw(width, height), width, height);
            await Task.WhenAny(refresh.IsCompleted ? due : Task.WhenAll(refresh, due), pressed);
            cancellationToken.ThrowIfCancellationRequested();
            while (keys.TryRead(out var key))
            {
                if (!dashboard.Press(key))
                    return;
                // The dashboard asks at once for what the key has opened.
                due = Task.CompletedTask;
            }

            if (pressed.IsCompleted)
                pressed = keys.WaitToReadAsync(cancellationToken).AsTask();
            if (!refresh.IsCompleted || !due.IsCompleted)
                continue;
            await refresh;
            refresh = dashboard.RefreshAsync(cancellationToken);
            due = Task.Delay(Interval, cancellationToken);
            // A quick answer is shown at once.
            await Task.WhenAny(refresh, Task.Delay(Interval / 5, cancellationToken));
        }
    }

    // Reading a key can't be cancelled, so a thread of its own does it, which the process does not wait for.
    private static ChannelReader<ConsoleKeyInfo> Keys()
    {
        var keys = Channel.CreateBounded<ConsoleKeyInfo>(new BoundedChannelOptions(64) { FullMode = BoundedChannelFullMode.DropWrite });
        new Thread(() =>
        {
            try
            {
                while (true)
                    keys.Writer.TryWrite(Console.ReadKey(intercept: true));
            }
            catch (InvalidOperationException)
            {
                // There is no terminal to read from any more.
            }
        })
        { IsBackground = true, Name = "keys" }.Start();
        return keys.Reader;
    }
}
