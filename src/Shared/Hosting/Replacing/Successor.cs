using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using Tunnel.Shared.Guarding;

namespace Tunnel.Shared.Hosting.Replacing;

/// <summary>
/// Starts this program anew on SIGUSR2, with the same command line, so that the new process replaces this one. The file may be another
/// one by then: this is how a service is upgraded.
/// </summary>
public sealed class Successor : IDisposable
{
    /// <summary>The variable that tells a process that it was started to replace another one.</summary>
    internal const string Variable = "TUNNEL_REPLACES";

    private const PosixSignal User2 = (PosixSignal)12;

    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(200);

    // These variables concern only this process: it was given descriptors (sd_listen_fds(3)), and feeds a watchdog
    // (sd_watchdog_enabled(3)).
    private static readonly string[] Own = ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "WATCHDOG_PID"];

    private readonly Func<int> _attempts;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly PosixSignalRegistration _signal;
    private int _isStarting;

    /// <summary>Begins to heed the signal, which ends a process that does not.</summary>
    /// <param name="attempts">How often a process has begun to replace this one.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">The log.</param>
    public Successor(Func<int> attempts, TimeProvider time, ILogger logger)
    {
        (_attempts, _time, _logger) = (attempts, time, logger);
        _signal = PosixSignalRegistration.Create(User2, OnSignal);
    }

    /// <summary>Whether this process was started to replace another one. Programs that it starts are not told so.</summary>
    public static bool IsThis()
    {
        var isThis = Environment.GetEnvironmentVariable(Variable) is { Length: > 0 };
        Environment.SetEnvironmentVariable(Variable, null);
        return isThis;
    }

    /// <inheritdoc/>
    public void Dispose() => _signal.Dispose();

    private void OnSignal(PosixSignalContext context)
    {
        context.Cancel = true;
        if (Interlocked.Exchange(ref _isStarting, 1) == 0)
            Task.Run(RunAsync).Guard("starting the process that replaces this one");
    }

    private async Task RunAsync()
    {
        try
        {
            var before = _attempts();
            var id = await StartAsync();
            ReplacingLog.Started(_logger, id);
            while (_attempts() == before)
            {
                await Task.Delay(Look, _time);
                if (HasEnded(id) && _attempts() == before)
                {
                    ReplacingLog.Failed(_logger, id);
                    return;
                }
            }
        }
        catch (Exception e) when (e is IOException or System.ComponentModel.Win32Exception or FormatException)
        {
            ReplacingLog.NotStarted(_logger, e.Message);
        }
        finally
        {
            Volatile.Write(ref _isStarting, 0);
        }
    }

    // A shell starts it in the background and ends, so that it becomes a child of the service manager, which then sees how it ends, as it
    // has to with the service's main process.
    private static async Task<int> StartAsync()
    {
        var start = new ProcessStartInfo("/bin/sh") { RedirectStandardOutput = true, UseShellExecute = false };
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add("\"$0\" \"$@\" >&2 & echo $!");
        foreach (var word in File.ReadAllText("/proc/self/cmdline").TrimEnd('\0').Split('\0'))
            start.ArgumentList.Add(word);
        foreach (var variable in Own)
            start.Environment.Remove(variable);
        start.Environment[Variable] = Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
        using var shell = Process.Start(start)!;
        var id = await shell.StandardOutput.ReadLineAsync();
        await shell.WaitForExitAsync();
        return int.Parse(id ?? "", CultureInfo.InvariantCulture);
    }

    // A process that has ended and that nobody has asked about is a zombie (proc_pid_stat(5): the state is behind the name in parentheses).
    private static bool HasEnded(int id)
    {
        try
        {
            var status = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{id}/stat"));
            return status[(status.LastIndexOf(')') + 2)..].StartsWith('Z');
        }
        catch (IOException)
        {
            return true;
        }
    }
}
