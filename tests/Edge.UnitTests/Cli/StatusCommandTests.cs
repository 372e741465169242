using Tunnel.Edge.Cli;
using Tunnel.Edge.Status;
using Tunnel.Shared.Text;

namespace Tunnel.Edge.UnitTests.Cli;

public sealed class StatusCommandTests
{
    [Fact]
    public void The_status_names_the_hub_the_ports_and_what_failed()
    {
        var text = new StringWriter();
        StatusCommand.Write(
            new EdgeStatus
            {
                EdgeId = "edge-1",
                Hub = "hub.example:8443",
                LastError = "Unauthorized: refused",
                ListenPorts = [80, 8000, 8001],
                FailedPorts = [new EdgePortFailure(443, "tcp", "address in use")],
                Refused = new Dictionary<string, long> { ["noTunnel"] = 3 },
            },
            text,
            Terminal.None);
        Assert.Contains("hub.example:8443, not connected", text.ToString());
        Assert.Contains("Unauthorized: refused", text.ToString());
        Assert.Contains("80,8000-8001", text.ToString());
        Assert.Contains("tcp/443: address in use", text.ToString());
        Assert.Contains("3 noTunnel", text.ToString());
    }

    [Fact]
    public void What_the_hub_says_is_text_and_nothing_else()
    {
        const string Hostile = "\u001b]0;owned\u0007\nstreams   9\u202e";
        var text = new StringWriter { NewLine = "\n" };
        StatusCommand.Write(
            new EdgeStatus
            {
                EdgeId = "edge-1",
                Hub = "hub.example:8443",
                LastError = Hostile,
                TransportDetail = Hostile,
                PublicIp = Hostile,
            }, text, Terminal.None);

        Assert.Contains(@"error     \u001b]0;owned\u0007\u000astreams   9\u202e" + "\n", text.ToString());
        Assert.DoesNotContain(text.ToString(), character => (char.IsControl(character) && character != '\n') || character == '\u202e');
    }

    [Theory]
    [InlineData(true, null, "connected to hub:1; 1 TCP and 0 UDP ports; 2 streams")]
    [InlineData(false, null, "connecting to hub:1")]
    [InlineData(false, "Timeout: nobody", "connecting to hub:1; Timeout: nobody")]
    public void One_line_for_the_service_manager(bool connected, string? error, string expected) =>
        Assert.Equal(expected, RunCommand.Describe(
            new EdgeStatus { Connected = connected, Hub = "hub:1", LastError = error, ListenPorts = [80], ActiveStreams = 2 }));
}
