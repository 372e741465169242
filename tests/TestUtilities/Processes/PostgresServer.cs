using System.Globalization;
using System.Security.Cryptography.X509Certificates;

namespace Tunnel.TestUtilities.Processes;

/// <summary>
/// Debian's PostgreSQL with a data directory of its own, on a Unix socket and, where it is given a certificate, at 127.0.0.1. It refuses to
/// run as root, so that root runs it as the user whom its package makes.
/// </summary>
public sealed class PostgresServer : IAsyncDisposable
{
    private const string User = "postgres";
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private readonly DirectoryInfo _directory;
    private readonly X509Certificate2? _certificate;
    private readonly Func<string, string[], (string Program, string[] Arguments)>? _place;
    private ManagedProcess? _process;
    private bool _isMounted;

    private PostgresServer(
        DirectoryInfo directory, X509Certificate2? certificate, Func<string, string[], (string Program, string[] Arguments)>? place) =>
        (_directory, _certificate, _place) = (directory, certificate, place);

    /// <summary>The directory that has the socket.</summary>
    public string Host => _directory.FullName;

    /// <summary>The directory of the data.</summary>
    public string Data => Path.Combine(Host, "data");

    /// <summary>The port at 127.0.0.1, if it has a certificate; the socket's name has it too.</summary>
    public int Port { get; } = FreePorts.Next();

    /// <summary>The connection string of a database, in Npgsql's words.</summary>
    public string ConnectionString(string database) => $"Host={Host};Port={Port};Username={User};Database={database}";

    /// <summary>Makes a server and waits until it takes connections.</summary>
    /// <param name="megabytes">Gives its data a disk of their own of this size, which needs root; null: they are on the machine's.</param>
    /// <param name="certificate">Lets it listen at 127.0.0.1 too, where only TLS with this certificate and a password let anybody in; null:
    /// it has its socket only.</param>
    /// <param name="place">Makes of a program and its arguments what runs it in another network namespace; null: it runs here.</param>
    public static async Task<PostgresServer> StartAsync(
        int? megabytes = null, X509Certificate2? certificate = null,
        Func<string, string[], (string Program, string[] Arguments)>? place = null)
    {
        var server = new PostgresServer(Directory.CreateTempSubdirectory("tunnel-pg-"), certificate, place);
        try
        {
            // The process's umask may be another one for a moment, when a test beside this one makes an admin socket.
            File.SetUnixFileMode(server.Host, OwnerOnly);
            File.SetUnixFileMode(Directory.CreateDirectory(server.Data).FullName, OwnerOnly);
            if (megabytes is not null)
            {
                (await ManagedProcess.RunAsync("/bin/mount", ["-t", "tmpfs", "-o", $"size={megabytes}m", "tmpfs", server.Data]))
                    .Succeeded();
                server._isMounted = true;
            }

            if (Environment.IsPrivilegedProcess)
                (await ManagedProcess.RunAsync("/bin/chown", ["-R", $"{User}:{User}", server.Host])).Succeeded();
            var (program, arguments) = AsUser(
                "initdb", "-D", server.Data, "-U", User, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync");
            (await ManagedProcess.RunAsync(program, arguments)).Succeeded();
            if (certificate is not null)
                await server.WriteTlsAsync(certificate);
            await server.StartAgainAsync();
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts the server again after it was killed.</summary>
    public async Task StartAgainAsync()
    {
        if (_process is not null)
            await _process.DisposeAsync();

        // What survives a kill is what these tests are about, not what survives a loss of power.
        var (program, arguments) = AsUser(
            "postgres",
            [
                "-D", Data, "-k", Host, "-p", $"{Port}", "-c", "fsync=off", "-c", "max_connections=40",
                "-c", $"listen_addresses={(_certificate is null ? "" : "127.0.0.1")}",
                .. _certificate is null ? (string[])[] : ["-c", "ssl=on", "-c", "password_encryption=scram-sha-256"],
            ]);
        if (_place is not null)
            (program, arguments) = _place(program, arguments);
        _process = ManagedProcess.Start("postgres", program, arguments);
        await Eventually.IsTrueAsync(
            async () => (await TryAsync("postgres", "select 1")).ExitCode == 0, "PostgreSQL's start", explain: () => _process.Log);
    }

    /// <summary>Whether it has ended by itself, as it does when it can't write its log.</summary>
    public bool HasEnded => _process!.HasExited;

    /// <summary>Makes a database and returns its connection string.</summary>
    public async Task<string> MakeDatabaseAsync(string name)
    {
        await RunAsync("postgres", $"create database {name}");
        return ConnectionString(name);
    }

    /// <summary>Runs statements and returns what they print, one line for each row.</summary>
    public async Task<string> RunAsync(string database, string statements) =>
        (await TryAsync(database, statements)).Succeeded().StandardOutput.Trim();

    /// <summary>Cuts all connections of a database but the one that does it.</summary>
    public Task CutAsync(string database) =>
        RunAsync(
            database,
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()");

    /// <summary>Kills the server and all its processes.</summary>
    public async Task KillAsync()
    {
        // The main process is killed first: it would start another one in the place of a killed one.
        var children = Children();
        _process!.Signal(ManagedProcess.SigKill);
        await SignalAsync(children, ManagedProcess.SigKill);
        await _process.WaitForExitAsync(TimeSpan.FromSeconds(30));
        await Eventually.IsTrueAsync(
            () => Task.FromResult(children.All(child => !Directory.Exists($"/proc/{child}"))), "the end of all of PostgreSQL's processes");
    }

    /// <summary>Stops all its processes where they are; they go on with <see cref="ContinueAsync"/>.</summary>
    public async Task PauseAsync()
    {
        _process!.Signal(ManagedProcess.SigStop);
        await SignalAsync(Children(), ManagedProcess.SigStop);
    }

    /// <summary>Stops one of its processes where it is, as if the connection that it serves had fallen silent.</summary>
    public static Task PauseAsync(int process) => SignalAsync([process], ManagedProcess.SigStop);

    /// <summary>Lets that process go on.</summary>
    public async Task ContinueAsync()
    {
        await SignalAsync(Children(), ManagedProcess.SigCont);
        _process!.Signal(ManagedProcess.SigCont);
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is { HasExited: false })
        {
            await ContinueAsync();
            await KillAsync();
        }

        if (_process is not null)
            await _process.DisposeAsync();
        if (_isMounted)
            await ManagedProcess.RunAsync("/bin/umount", ["--lazy", Data]);
        _directory.Delete(recursive: true);
    }

    private Task<ProgramResult> TryAsync(string database, string statements) =>
        ManagedProcess.RunAsync(
            Find("psql"), ["-XAtq", "-v", "ON_ERROR_STOP=1", "-h", Host, "-p", $"{Port}", "-U", User, "-d", database, "-c", statements]);

    // The names are those that PostgreSQL looks for; it takes no key that others could read.
    private async Task WriteTlsAsync(X509Certificate2 certificate)
    {
        await File.WriteAllTextAsync(Path.Combine(Data, "server.crt"), certificate.ExportCertificatePem() + "\n");
        var key = Path.Combine(Data, "server.key");
        await File.WriteAllTextAsync(key, TestCertificates.KeyPem(certificate) + "\n");
        File.SetUnixFileMode(key, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        await File.WriteAllLinesAsync(
            Path.Combine(Data, "pg_hba.conf"), ["local all all trust", "hostssl all all 127.0.0.1/32 scram-sha-256"]);
        if (Environment.IsPrivilegedProcess)
            (await ManagedProcess.RunAsync("/bin/chown", ["-R", $"{User}:{User}", Data])).Succeeded();
    }

    private static async Task SignalAsync(IReadOnlyCollection<int> processes, int signal)
    {
        // It is no error that a process has ended meanwhile.
        if (processes.Count > 0)
        {
            await ManagedProcess.RunAsync(
                "/bin/kill", [$"-{signal}", .. processes.Select(id => id.ToString(CultureInfo.InvariantCulture))]);
            if (signal == ManagedProcess.SigStop)
            {
                foreach (var process in processes)
                    StoppedProcess.Await(process);
            }
        }
    }

    private int[] Children() =>
        [.. Directory.EnumerateDirectories("/proc").Select(path => int.TryParse(Path.GetFileName(path), out var id) ? id : 0)
            .Where(id => id > 0 && ParentOf(id) == _process!.Id)];

    private static int ParentOf(int process)
    {
        try
        {
            // The name, which is in brackets, may have anything in it.
            var status = File.ReadAllText($"/proc/{process}/stat");
            return int.Parse(status[(status.LastIndexOf(')') + 2)..].Split(' ')[1], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return 0;
        }
    }

    private static (string Program, string[] Arguments) AsUser(string program, params string[] arguments) =>
        Environment.IsPrivilegedProcess
            ? ("/usr/bin/setpriv", ["--reuid", User, "--regid", User, "--init-groups", Find(program), .. arguments])
            : (Find(program), arguments);

    // Debian keeps the server's programs out of the way, a directory for each version.
    private static string Find(string program)
    {
        const string Versions = "/usr/lib/postgresql";
        var versions = Directory.Exists(Versions) ? Directory.GetDirectories(Versions) : [];
        return versions.OrderDescending().Select(version => Path.Combine(version, "bin", program)).FirstOrDefault(File.Exists)
            ?? throw new FileNotFoundException($"{program} is missing: apt-get install --no-install-recommends postgresql");
    }
}
