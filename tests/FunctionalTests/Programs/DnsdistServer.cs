using System.Net;
using Tunnel.FunctionalTests.Harness;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests.Programs;

/// <summary>
/// dnsdist that demands a PROXY v2 header in each datagram and answers one client's questions only, by the address in the header.
/// </summary>
internal static class DnsdistServer
{
    /// <summary>The answer to the welcome client; all others are refused.</summary>
    public const string Answer = "10.99.1.1";

    public static async Task<ManagedProcess> StartAsync(string directory, IPEndPoint endPoint, IPAddress welcome, string answer = Answer)
    {
        var configuration = Path.Combine(directory, "dnsdist.conf");
        await File.WriteAllTextAsync(configuration, $$"""
            setLocal("{{endPoint}}")
            setSecurityPollSuffix("")
            setACL({"127.0.0.0/8", "::1/128"})
            setProxyProtocolACL({"127.0.0.0/8", "::1/128"})
            local welcome = newNMG()
            welcome:addMask("{{welcome}}")
            addAction(NetmaskGroupRule(welcome), SpoofAction("{{answer}}"))
            addAction(AllRule(), RCodeAction(DNSRCode.REFUSED))

            """);
        var process = ManagedProcess.Start("dnsdist", DebianProgram.Dnsdist, ["--supervised", "--disable-syslog", "-C", configuration]);
        // dnsdist listens on TCP too, from the same moment.
        await Listening.WaitAsync(endPoint, process);
        return process;
    }
}
