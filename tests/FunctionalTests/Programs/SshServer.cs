using System.Globalization;
using System.Net;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests.Programs;

/// <summary>Debian's sshd, which lets in whoever runs the tests, with a key of its own.</summary>
public sealed class SshServer : IAsyncDisposable
{
    private readonly string _directory;
    private readonly ManagedProcess _process;

    private SshServer(string directory, ManagedProcess process) => (_directory, _process) = (directory, process);

    public static async Task<SshServer> StartAsync(string directory, IPEndPoint endPoint)
    {
        foreach (var key in new[] { "host", "user" })
        {
            (await ManagedProcess.RunAsync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", Path.Combine(directory, key)]))
                .Succeeded();
        }

        Directory.CreateDirectory("/run/sshd");
        var config = Path.Combine(directory, "sshd.conf");
        await File.WriteAllTextAsync(config, $"""
            ListenAddress {endPoint}
            HostKey {directory}/host
            AuthorizedKeysFile {directory}/user.pub
            StrictModes no
            UsePAM no
            PermitRootLogin yes
            PidFile none

            """);
        var process = ManagedProcess.Start("sshd", "/usr/sbin/sshd", ["-D", "-e", "-f", config]);
        await process.WaitForLineAsync("Server listening");
        return new SshServer(directory, process);
    }

    /// <summary>Runs a command in a session.</summary>
    public ManagedProcess Run(IPAddress address, int port, string command) => ManagedProcess.Start("ssh", "ssh", [
        "-T", "-F", "none", "-i", Path.Combine(_directory, "user"), "-p", port.ToString(CultureInfo.InvariantCulture),
        "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", $"{Environment.UserName}@{address}", command]);

    public ValueTask DisposeAsync() => _process.DisposeAsync();
}
