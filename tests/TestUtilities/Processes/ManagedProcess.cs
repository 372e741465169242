using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Tunnel.TestUtilities.Processes;

/// <summary>A program that a test started: its output is kept, and it never outlives the test.</summary>
public sealed partial class ManagedProcess : IAsyncDisposable
{
    public const int SigInt = 2;
    public const int SigKill = 9;
    public const int SigTerm = 15;
    public const int SigCont = 18;
    public const int SigStop = 19;

    private readonly Process _process;
    private readonly Lock _lock = new();
    private readonly List<string> _output = [];
    private readonly List<string> _errors = [];
    private TaskCompletionSource _lineArrived = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private ManagedProcess(string name, Process process)
    {
        Name = name;
        _process = process;
    }

    public string Name { get; }

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    public int ExitCode => _process.ExitCode;

    /// <summary>Its output on standard output and standard error so far, for messages.</summary>
    public string Log => string.Join('\n', Snapshot(_output).Concat(Snapshot(_errors)));

    public string StandardOutput => string.Join('\n', Snapshot(_output));

    public string StandardError => string.Join('\n', Snapshot(_errors));

    /// <summary>
    /// Starts a program without a shell, with standard input closed, and with none of our own variables in its environment.
    /// </summary>
    public static ManagedProcess Start(
        string name, string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null,
        bool keepInput = false)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var variable in start.Environment.Keys.Where(IsOurs).ToArray())
        {
            start.Environment.Remove(variable);
        }

        foreach (var (variable, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[variable] = value;
        }

        var managed = new ManagedProcess(name, new Process { StartInfo = start });
        managed._process.OutputDataReceived += (_, line) => managed.Add(managed._output, line.Data);
        managed._process.ErrorDataReceived += (_, line) => managed.Add(managed._errors, line.Data);
        managed._process.Start();
        managed._process.BeginOutputReadLine();
        managed._process.BeginErrorReadLine();
        if (!keepInput)
        {
            managed._process.StandardInput.Close();
        }

        return managed;
    }

    /// <summary>Runs a program to its end.</summary>
    public static async Task<ProgramResult> RunAsync(
        string program, IEnumerable<string> arguments, string? input =
            null, TimeSpan? limit = null, IReadOnlyDictionary<string, string>? environment = null)
    {
        await using var process = Start(Path.GetFileName(program), program, arguments, environment, keepInput: true);
        try
        {
            if (input is not null)
            {
                await process._process.StandardInput.WriteAsync(input);
            }

            process._process.StandardInput.Close();
        }
        catch (IOException)
        {
            // The program ended without reading: its exit code says what is to be said.
        }

        var code = await process.WaitForExitAsync(limit ?? TimeSpan.FromSeconds(60));
        return new ProgramResult(code, process.StandardOutput, process.StandardError);
    }

    /// <summary>Sends a signal. On return from one that stops a process, none of its threads runs any more.</summary>
    /// <exception cref="TimeoutException">It was to stop, and still runs.</exception>
    public void Signal(int signal)
    {
        if (_process.HasExited)
            return;
        _ = Kill(_process.Id, signal);
        if (signal == SigStop)
            StoppedProcess.Await(_process.Id);
    }

    /// <exception cref="TimeoutException">The program still runs.</exception>
    public async Task<int> WaitForExitAsync(TimeSpan limit)
    {
        using var cut = new CancellationTokenSource(limit);
        try
        {
            await _process.WaitForExitAsync(cut.Token);
            return _process.ExitCode;
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"{Name} still runs after {limit.TotalSeconds} s. It wrote:\n{Log}");
        }
    }

    /// <summary>Waits until the program has written a line with this text.</summary>
    public async Task WaitForLineAsync(string text, TimeSpan? limit = null)
    {
        using var cut = new CancellationTokenSource(limit ?? TimeSpan.FromSeconds(30));
        while (true)
        {
            Task next;
            lock (_lock)
            {
                if (_output.Concat(_errors).Any(line => line.Contains(text, StringComparison.Ordinal)))
                {
                    return;
                }

                next = _lineArrived.Task;
            }

            try
            {
                await next.WaitAsync(cut.Token);
            }
            catch (OperationCanceledException)
            {
                throw new TimeoutException($"{Name} never wrote \"{text}\" but:\n{Log}");
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        Signal(SigKill);
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    // Settings, and variables of the test host's runtime that would change how the services run; where the runtime is they must know.
    private static bool IsOurs(string variable) =>
        variable.StartsWith("TUNNEL_", StringComparison.Ordinal)
        || (variable.StartsWith("DOTNET_", StringComparison.Ordinal) && !variable.StartsWith("DOTNET_ROOT", StringComparison.Ordinal))
        || variable is "NOTIFY_SOCKET" or "WATCHDOG_USEC" or "WATCHDOG_PID" or "JOURNAL_STREAM";

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);

    private string[] Snapshot(List<string> lines)
    {
        lock (_lock)
        {
            return [.. lines];
        }
    }

    private void Add(List<string> lines, string? line)
    {
        if (line is null)
        {
            return;
        }

        TaskCompletionSource arrived;
        lock (_lock)
        {
            lines.Add(line);
            arrived = _lineArrived;
            _lineArrived = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        arrived.SetResult();
    }
}
