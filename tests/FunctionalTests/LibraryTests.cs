using Tunnel.FunctionalTests.Harness;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests;

public sealed class LibraryTests
{
    [Fact]
    public async Task The_example_of_the_page_runs()
    {
        var result = (await ManagedProcess.RunAsync(Binaries.EmbeddedExample, [])).Succeeded();
        Assert.Contains("vps has come from 127.0.0.1:", result.StandardOutput);
        Assert.Contains("port 18080 is wanted, the edge is connected", result.StandardOutput);
    }
}
