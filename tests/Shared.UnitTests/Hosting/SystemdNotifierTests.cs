using System.Net.Sockets;
using System.Text;
using Tunnel.Shared.Hosting;

namespace Tunnel.Shared.UnitTests.Hosting;

public sealed class SystemdNotifierTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("tunnel-notify-");
    private readonly Socket _manager = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { ReceiveTimeout = 10_000 };

    public void Dispose()
    {
        _manager.Dispose();
        _directory.Delete(recursive: true);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Tells_each_state_over_a_socket_with_a_path_or_an_abstract_one(bool isAbstract)
    {
        var name = isAbstract ? "@tunnel-test-" + Guid.NewGuid() : Path.Combine(_directory.FullName, "notify");
        _manager.Bind(new UnixDomainSocketEndPoint(isAbstract ? "\0" + name[1..] : name));
        var notifier = MakeFor(name);

        notifier.Ready("2 edges");
        notifier.Status("3 edges\nREADY=0");
        notifier.Watchdog();
        notifier.Stopping("stopping");

        Assert.Equal(
            ["READY=1\nSTATUS=2 edges", "STATUS=3 edges READY=0", "WATCHDOG=1", "STOPPING=1\nSTATUS=stopping"],
            [Receive(), Receive(), Receive(), Receive()]);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("@")]
    [InlineData("relative")]
    [InlineData("/nowhere/at/all")]
    public void Does_nothing_without_a_manager(string? socket)
    {
        var notifier = MakeFor(socket);

        notifier.Ready("fine");
        notifier.Watchdog();
    }

    [Fact]
    public void Feeds_the_watchdog_at_half_of_its_limit()
    {
        Assert.Equal(TimeSpan.FromSeconds(15), Make(("WATCHDOG_USEC", "30000000")).WatchdogInterval);
        Assert.Equal(
            TimeSpan.FromSeconds(15),
            Make(("WATCHDOG_USEC", "30000000"), ("WATCHDOG_PID", Environment.ProcessId.ToString())).WatchdogInterval);
        Assert.Null(Make(("WATCHDOG_USEC", "30000000"), ("WATCHDOG_PID", "1")).WatchdogInterval);
        Assert.Null(Make(("WATCHDOG_USEC", "soon")).WatchdogInterval);
        Assert.Null(Make().WatchdogInterval);
    }

    // No other test reads the variable, and the notifier looks once.
    private static SystemdNotifier MakeFor(string? socket)
    {
        Environment.SetEnvironmentVariable("NOTIFY_SOCKET", socket);
        return new SystemdNotifier();
    }

    private static SystemdNotifier Make(params (string Name, string? Value)[] environment) =>
        new(new Microsoft.Extensions.Hosting.Systemd.SystemdNotifier(), name =>
            environment.FirstOrDefault(variable => variable.Name == name).Value);

    private string Receive()
    {
        var buffer = new byte[1024];
        return Encoding.UTF8.GetString(buffer, 0, _manager.Receive(buffer));
    }
}
