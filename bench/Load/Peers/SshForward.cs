using System.Diagnostics;
using System.Net;

namespace Tunnel.Bench.Load.Peers;

/// <summary>OpenSSH with local forwarding: one TCP connection that carries all, as this product does.</summary>
internal sealed class SshForward : IPeer
{
    public string Name => "ssh -L";

    public bool CarriesUdp => false;

    public IPAddress Address { get; } = IPAddress.Parse("127.0.14.1");

    public ProcessGroup Processes { get; } = new();

    ProcessGroup? IPeer.Processes => Processes;

    public async Task StartAsync(Workplace place, Targets targets)
    {
        var port = Workplace.FreePort();
        foreach (var key in new[] { "ssh-host", "ssh-user" })
        {
            using var keygen = Process.Start(new ProcessStartInfo("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", place.File(key)]))!;
            await keygen.WaitForExitAsync();
        }

        File.Copy(place.File("ssh-user.pub"), place.File("authorized"));
        Directory.CreateDirectory("/run/sshd");
        var config = place.File("sshd.conf", $"""
            ListenAddress 127.0.0.1:{port}
            HostKey {place.File("ssh-host")}
            AuthorizedKeysFile {place.File("authorized")}
            PidFile none
            StrictModes no
            UsePAM no
            PermitRootLogin yes
            MaxSessions 10000
            """);
        Processes.Start("/usr/sbin/sshd", ["-D", "-f", config], place.File("sshd.log"));
        await Workplace.WaitForAsync(new IPEndPoint(IPAddress.Loopback, port));
        Processes.Start(
            "ssh",
            [
                "-N", "-p", $"{port}", "-i", place.File("ssh-user"), "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
                .. targets.TcpPorts.SelectMany(target => new[] { "-L", $"{Address}:{target}:127.0.0.1:{target}" }), "127.0.0.1",
            ],
            place.File("ssh.log"));
        foreach (var target in targets.TcpPorts)
            await Workplace.WaitForAsync(new IPEndPoint(Address, target));
    }

    public void Dispose() => Processes.Dispose();
}
