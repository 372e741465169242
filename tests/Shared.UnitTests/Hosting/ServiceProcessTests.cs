using System.Net.Sockets;
using Tunnel.Shared.Hosting;

namespace Tunnel.Shared.UnitTests.Hosting;

public sealed class ServiceProcessTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("tunnel-service-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void Who_listens_on_a_socket_is_found_with_command_line_environment_and_files()
    {
        var path = Path.Combine(_directory, "admin.sock");
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen();

        var service = ServiceProcess.Behind(path, out var fault);

        Assert.NotNull(service);
        Assert.Null(fault);
        Assert.Equal(Environment.ProcessId, service.Id);
        Assert.Equal(Environment.GetEnvironmentVariable("PATH"), service.Environment!["PATH"]);
        Assert.NotNull(service.Status("CapEff"));
        Assert.Equal(path, service.PathOf(path));
        Assert.Equal("/no/such/file", service.PathOf("/no/such/file"));
        Assert.DoesNotContain("PATH", service.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Where_nobody_listens_that_is_said()
    {
        Assert.Null(ServiceProcess.Behind(Path.Combine(_directory, "none.sock"), out var fault));
        Assert.Contains("no service answers at", fault, StringComparison.Ordinal);
        Assert.Null(ServiceProcess.Behind(new string('x', 200), out fault));
        Assert.NotNull(fault);
    }
}
