using System.Diagnostics;
using System.Text;
using Tunnel.Shared.Files;

namespace Tunnel.Shared.Hosting;

/// <summary>
/// The steps of <c>init</c>: files to write and programs to run, each of which an operator could do by hand. They are shown, or done one
/// after the other until one fails.
/// </summary>
/// <param name="hasUnit">Whether systemd runs here and knows a service.</param>
/// <param name="run">Runs a program; returns its exit code and what it wrote to standard error.</param>
public sealed class FirstSteps(Func<string, bool> hasUnit, Func<string, string[], Task<(int ExitCode, string Error)>> run)
{
    private const UnixFileMode SearchForAll = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
        | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    private static readonly string[] UnitPlaces = ["/etc/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system"];

    private readonly List<(string Text, string? Content, Func<Task<string>> Do)> _steps = [];

    /// <summary>The steps on this machine.</summary>
    public static FirstSteps OfMachine() => new(
        name => Directory.Exists("/run/systemd/system") && UnitPlaces.Any(place => File.Exists($"{place}/{name}.service")),
        RunProgramAsync);

    /// <summary>Adds a file to write. What has its name is replaced.</summary>
    /// <param name="path">The file's absolute path.</param>
    /// <param name="content">The whole content.</param>
    /// <param name="mode">Its permissions.</param>
    /// <param name="isSecret">Whether the content is shown to nobody.</param>
    public void Write(string path, string content, UnixFileMode mode, bool isSecret = false) => _steps.Add((
        $"write {path} (mode {Convert.ToString((int)mode, 8)}){(isSecret ? "" : ":")}",
        isSecret ? null : content,
        () =>
        {
            WriteFile(path, content, mode);
            return Task.FromResult($"{path} is written.");
        }
    ));

    /// <summary>Adds that a service is enabled and started, or started again; where systemd does not know it, that is said.</summary>
    /// <param name="name">The service's name, which is its program's.</param>
    /// <param name="byHand">The command that runs it without systemd.</param>
    public void Start(string name, string byHand)
    {
        if (!hasUnit(name))
        {
            _steps.Add(($"start nothing: systemd has no {name}.service", null, () => Task.FromResult($"Start it with: {byHand}")));
            return;
        }

        Run("systemctl", ["enable", name], $"{name} starts with the machine.");
        Run("systemctl", ["restart", name], $"{name} runs.");
    }

    /// <summary>Says what would be done.</summary>
    public void Show(TextWriter output)
    {
        foreach (var (text, content, _) in _steps)
        {
            output.WriteLine($"would {text}");
            foreach (var line in content?.TrimEnd('\n').Split('\n') ?? [])
                output.WriteLine($"  {line}");
        }
    }

    /// <summary>Does the steps, and says what was done.</summary>
    /// <exception cref="OperatorException">A step failed; those after it were not done.</exception>
    public async Task DoAsync(TextWriter output)
    {
        foreach (var (_, _, work) in _steps)
            await output.WriteLineAsync(await work());
    }

    private void Run(string program, string[] arguments, string done)
    {
        var command = $"{program} {string.Join(' ', arguments)}";
        _steps.Add(($"run: {command}", null, async () =>
        {
            var (code, error) = await run(program, arguments);
            return code == 0 ? done : throw new OperatorException($"{command} failed with {code}: {error.Trim()}");
        }
        ));
    }

    private static void WriteFile(string path, string content, UnixFileMode mode)
    {
        var files = new StateFiles();
        var temporary = path + ".new";
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!, SearchForAll);
            files.WriteAndFlush(temporary, Encoding.UTF8.GetBytes(content));
            // The mode is set before the file has its name: nobody finds it with other permissions.
            File.SetUnixFileMode(temporary, mode);
            files.Rename(temporary, path);
            files.FlushDirectory(Path.GetDirectoryName(path)!);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new OperatorException($"{path} can't be written: {e.Message} Run this as root; --dry-run shows what it does.", e);
        }
    }

    private static async Task<(int ExitCode, string Error)> RunProgramAsync(string program, string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
            var error = await process.StandardError.ReadToEndAsync();
            await process.WaitForExitAsync();
            return (process.ExitCode, error);
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            return (ExitCodes.Failed, e.Message);
        }
    }
}
