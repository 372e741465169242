using System.Diagnostics;
using Tunnel.FunctionalTests.Harness.Network;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests.Harness.Machines;

/// <summary>
/// A machine with systemd as its PID 1, in namespaces of its own: what is written there is kept in memory and gone afterwards, and commands
/// run as they would on a server, units, users and rights included. Needs root.
/// </summary>
internal sealed class Machine : IAsyncDisposable
{
    private static readonly string[] Environment = [
        "HOME=/root", "LANG=C.UTF-8", "NO_COLOR=1", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"];

    private readonly string _place;
    private readonly string _group;
    private readonly ManagedProcess _starter;
    private int _init;

    private Machine(string name, string place, string group, ManagedProcess starter)
    {
        Name = name;
        _place = place;
        _group = group;
        _starter = starter;
    }

    public string Name { get; }

    /// <summary>Boots a machine.</summary>
    /// <param name="name">Its host name.</param>
    /// <param name="end">Its end of the network.</param>
    /// <param name="hosts">Further lines of its /etc/hosts.</param>
    public static async Task<Machine> BootAsync(string name, NetworkEnd end, string hosts)
    {
        var id = $"tunnel-machine-{System.Environment.ProcessId}-{end.Name.GetHashCode(StringComparison.Ordinal):x8}";
        var place = Path.Combine("/tmp", id);
        Directory.CreateDirectory(place);
        var group = Path.Combine(ControlGroups(), id);
        Directory.CreateDirectory(group);
        var (ip, arguments) = end.Command(
            "unshare", "--mount", "--pid", "--fork", "--uts", "--ipc", "--cgroup", "bash",
            Path.Combine(AppContext.BaseDirectory, "Harness/Machines/boot.sh"), place, name, hosts,
            TestUtilities.Documentation.Root);
        // The control group has to be entered before its namespace is made.
        var machine = new Machine(
            name, place, group, ManagedProcess.Start(
                "machine " + name, "bash", ["-c", "echo $$ > \"$0\"/cgroup.procs && exec \"$@\"", group, ip, .. arguments]));
        try
        {
            await Eventually.IsTrueAsync(machine.IsUpAsync, $"the boot of {name}", explain: () => machine._starter.Log);
            return machine;
        }
        catch
        {
            await machine.DisposeAsync();
            throw;
        }
    }

    /// <summary>Runs a line of shell as root, in root's home.</summary>
    public Task<ProgramResult> RunAsync(string line, string? input = null) => ManagedProcess.RunAsync(
        DebianProgram.Nsenter, ["--target", $"{_init}", "--all", "--", "env", "-i", .. Environment, "bash", "-c", $"cd && {line}"], input);

    /// <summary>The end of the machine's journal, for messages.</summary>
    public async Task<string> JournalAsync() => (await RunAsync("journalctl --no-pager --output cat --lines 30")).StandardOutput;

    /// <summary>Waits until a line of shell succeeds.</summary>
    public async Task WaitForAsync(string line)
    {
        ProgramResult? last = null;
        await Eventually.IsTrueAsync(
            async () => (last = await RunAsync(line)).ExitCode == 0, $"\"{line}\" at {Name}",
            explain: () => last?.StandardOutput + last?.StandardError);
    }

    public async ValueTask DisposeAsync()
    {
        // All processes of a namespace end with its PID 1, and the mounts with them.
        if (_init > 0)
        {
            using var init = Process.GetProcessById(_init);
            init.Kill();
        }
        else
        {
            _starter.Signal(ManagedProcess.SigKill);
        }

        await _starter.WaitForExitAsync(TimeSpan.FromSeconds(30));
        await _starter.DisposeAsync();
        Directory.Delete(_place);
        await Eventually.IsTrueAsync(() => TryRemove(_group), $"the end of {_group}");
    }

    private async Task<bool> IsUpAsync()
    {
        if (_starter.HasExited)
            throw new InvalidOperationException(_starter.Log);
        if (_init == 0 && File.ReadAllText($"/proc/{_starter.Id}/task/{_starter.Id}/children").Trim() is { Length: > 0 } child)
            _init = int.Parse(child, System.Globalization.CultureInfo.InvariantCulture);

        // Before systemd runs, places and names in there are different.
        return _init > 0 && File.ReadAllText($"/proc/{_init}/comm").Trim() == "systemd"
            && (await RunAsync("systemctl is-system-running")).StandardOutput.Trim() is "running" or "degraded";
    }

    // The second version of control groups is beside the first one, or alone.
    private static string ControlGroups() =>
        File.ReadLines("/proc/self/mounts").Select(static line => line.Split(' ')).First(static mount => mount[2] == "cgroup2")[1];

    private static bool TryRemove(string group)
    {
        try
        {
            foreach (var inner in Directory.GetDirectories(group))
                TryRemove(inner);
            Directory.Delete(group);
            return true;
        }
        catch (IOException)
        {
            // The machine's processes are still ending.
            return false;
        }
    }
}
