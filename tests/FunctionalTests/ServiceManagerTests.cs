using System.Net.Sockets;
using System.Text;
using Tunnel.FunctionalTests.Harness;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests;

/// <summary>The services tell systemd how they are (sd_notify(3)).</summary>
public sealed class ServiceManagerTests
{
    [Fact]
    public async Task The_hub_is_ready_feeds_the_watchdog_and_says_that_it_stops()
    {
        var directory = Directory.CreateTempSubdirectory("tunnel-systemd-");
        try
        {
            using var manager = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
            var path = Path.Combine(directory.FullName, "notify");
            manager.Bind(new UnixDomainSocketEndPoint(path));
            await using var hub = ManagedProcess.Start(
                "tunnel-hub",
                Binaries.Hub,
                [
                    "run", "--tunnel-port", $"{FreePorts.Next()}", "--bind-address", "127.0.0.1", "--state-dir", directory.FullName,
                    "--admin-socket", path + ".admin"],
                new Dictionary<string, string> { ["NOTIFY_SOCKET"] = path, ["WATCHDOG_USEC"] = "400000" });

            // The tunnel port comes first, so that it outlives the process from the beginning.
            Assert.StartsWith("FDSTORE=1\nFDNAME=tcp-", await ReceiveAsync(manager));
            Assert.StartsWith("READY=1\nSTATUS=", await ReceiveAsync(manager));
            await ReceiveUntilAsync(manager, "WATCHDOG=1");
            await ReceiveUntilAsync(manager, "WATCHDOG=1");
            hub.Signal(ManagedProcess.SigTerm);
            await ReceiveUntilAsync(manager, "STOPPING=1");
            Assert.Equal(0, await hub.WaitForExitAsync(TimeSpan.FromSeconds(10)));
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    private static async Task ReceiveUntilAsync(Socket manager, string start)
    {
        while (!(await ReceiveAsync(manager)).StartsWith(start, StringComparison.Ordinal))
        {
        }
    }

    private static async Task<string> ReceiveAsync(Socket manager)
    {
        var buffer = new byte[1024];
        return Encoding.UTF8.GetString(buffer, 0, await manager.ReceiveAsync(buffer).WaitAsync(TimeSpan.FromSeconds(30)));
    }
}
