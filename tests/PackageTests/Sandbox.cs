using Tunnel.TestUtilities.Processes;

namespace Tunnel.PackageTests;

/// <summary>
/// This machine's root file system with a layer over it (overlayfs) that takes all that is written: packages are installed and removed in
/// it as on a machine, systemd not running, and the layer shows what they left.
/// </summary>
internal sealed class Sandbox : IDisposable
{
    // Mounts are seen by the one command only, which ends with its children when its parent does.
    private const string Enter = """
        mount -t overlay tunnel-sandbox -o "lowerdir=/,upperdir=$0/upper,workdir=$0/work" "$0/root"
        mount -t proc proc "$0/root/proc"
        mount --bind /dev "$0/root/dev"
        mount -t tmpfs tmpfs "$0/root/run"
        mount -t tmpfs tmpfs "$0/root/tmp"
        exec chroot "$0/root" "$@"
        """;

    // The first process of a namespace is killed with the one that made it, and takes all others along; a program that changes its user is
    // not.
    private const string Stay = "\"$0\" \"$@\"; exit $?";

    private readonly string _directory = Directory.CreateTempSubdirectory("tunnel-sandbox-").FullName;

    public Sandbox()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "installing packages needs root");
        foreach (var name in (string[])["upper", "work", "root"])
            Directory.CreateDirectory(Path.Combine(_directory, name));
    }

    /// <summary>Runs a command in it.</summary>
    public Task<ProgramResult> RunAsync(params string[] command) => RunAsync(null, command);

    /// <summary>Runs a command in it, with text for its standard input.</summary>
    public Task<ProgramResult> RunAsync(string? input, string[] command)
    {
        string[] arguments = ["--mount", "--pid", "--fork", "--kill-child", "sh", "-euc", Enter, _directory, .. command];
        var environment = new Dictionary<string, string> { ["DEBIAN_FRONTEND"] = "noninteractive", ["LC_ALL"] = "C.UTF-8" };
        return ManagedProcess.RunAsync("unshare", arguments, input, TimeSpan.FromMinutes(2), environment);
    }

    /// <summary>Starts a program in it.</summary>
    public ManagedProcess Start(IReadOnlyDictionary<string, string> environment, params string[] command) =>
        ManagedProcess.Start(
            command[0], "unshare",
            ["--mount", "--pid", "--fork", "--kill-child", "sh", "-euc", Enter, _directory, "sh", "-c", Stay, .. command], environment);

    /// <summary>Puts a file of this machine into it.</summary>
    public void Add(string file, string name) =>
        File.Copy(file, Path.Combine(Directory.CreateDirectory(Path.Combine(_directory, "upper/srv")).FullName, name), overwrite: true);

    /// <summary>Returns what was written at a path; null when there is nothing.</summary>
    public string? Read(string path) => File.Exists(Written(path)) ? File.ReadAllText(Written(path)) : null;

    /// <summary>Returns whether there is something at a path.</summary>
    public async Task<bool> HasAsync(string path) => (await RunAsync("test", "-e", path)).ExitCode == 0;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private string Written(string path) => Path.Combine(_directory, "upper", path.TrimStart('/'));
}
