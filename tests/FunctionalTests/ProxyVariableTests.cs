using System.Net;
using System.Text.Json;
using Tunnel.FunctionalTests.Harness;
using Tunnel.FunctionalTests.Harness.Network;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests;

/// <summary>
/// Whoever dials finds its proxy in the variables that most programs know, and goes straight to the hosts that they leave out.
/// </summary>
public sealed class ProxyVariableTests : IAsyncLifetime
{
    private const string Password = "a-password-of-the-variable";

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("tunnel-proxy-");
    private readonly int _proxyPort = FreePorts.Next();
    private readonly int _port = FreePorts.Next();
    private LoopbackNetwork _network = null!;
    private NetworkEnd _place = null!;
    private ManagedProcess _proxy = null!;

    public async ValueTask InitializeAsync()
    {
        // What is on loopback is never reached through a proxy that only a variable names.
        _network = await LoopbackNetwork.StartAsync();
        _place = _network.Machine with { Address = IPAddress.Parse("192.0.2.1") };
        (await ManagedProcess.RunAsync(DebianProgram.Ip, ["-n", _place.Name, "addr", "add", $"{_place.Address}/32", "dev", "lo"]))
            .Succeeded();
        var file = Path.Combine(_directory.FullName, "tinyproxy.conf");
        await File.WriteAllLinesAsync(
            file,
            [
                $"Port {_proxyPort}", "Listen 127.0.0.1", "Timeout 600", "Allow 127.0.0.1",
                $"BasicAuth me {KnownSecrets.Add(Password)}",
            ]);
        _proxy = _place.Start("tinyproxy", DebianProgram.Tinyproxy, "-d", "-c", file);
    }

    public async ValueTask DisposeAsync()
    {
        if (_proxy is not null)
            await _proxy.DisposeAsync();
        await _network.DisposeAsync();
        _directory.Delete(recursive: true);
    }

    [Theory]
    [InlineData("", true)]
    [InlineData("example.com, 198.51.100.0/24", true)]
    [InlineData("example.com, 192.0.2.0/24", false)]
    [InlineData("*", false)]
    public async Task An_edge_goes_through_the_variables_proxy_but_for_the_hosts_that_they_leave_out(string exceptions, bool isThrough)
    {
        await using var hub = await HubProcess.StartAsync(_directory.FullName, IPAddress.Loopback, place: _place);
        var token = await hub.AddEdgeAsync("edge-1", [_port], []);
        await using var edge = EdgeProcess.Start(_directory.FullName, token, _place.Address, _place, Variables(exceptions));
        await edge.WaitForPortsAsync([_port], []);
        var status = (await edge.StatusAsync())!.Value;
        Assert.Equal(
            isThrough ? $"127.0.0.1:{_proxyPort}" : hub.EndPoint.ToString(), status.GetProperty("hubAddress").GetString());
        Assert.Equal(
            isThrough ? $"http://127.0.0.1:{_proxyPort}" : null,
            status.TryGetProperty("proxy", out var proxy) && proxy.ValueKind != JsonValueKind.Null ? proxy.GetString() : null);

        var (program, arguments) = _place.Command(
            Binaries.Edge, "doctor", "--token", token, "--bind-address", $"{_place.Address}", "--admin-socket", edge.AdminSocket);
        var doctor = await ManagedProcess.RunAsync(program, arguments, environment: Variables(exceptions));
        Assert.Equal(
            isThrough,
            doctor.StandardOutput.Contains(
                $"http://127.0.0.1:{_proxyPort}, which https_proxy names, connects to {hub.EndPoint}", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_edges_own_setting_wins_over_the_variables()
    {
        await using var hub = await HubProcess.StartAsync(_directory.FullName, IPAddress.Loopback, place: _place);
        var token = await hub.AddEdgeAsync("edge-1", [_port], []);
        await using var edge = EdgeProcess.Start(
            _directory.FullName, token, _place.Address, _place, Variables(""), "--proxy", "none");
        await edge.WaitForPortsAsync([_port], []);
        Assert.Equal(hub.EndPoint.ToString(), (await edge.StatusAsync())!.Value.GetProperty("hubAddress").GetString());
    }

    [Theory]
    [InlineData("example.com", true)]
    [InlineData("example.com,192.0.2.0/24", false)]
    public async Task A_hub_that_dials_does_the_same(string exceptions, bool isThrough)
    {
        var dialPort = FreePorts.Next();
        await using var hub = await HubProcess.StartAsync(
            _directory.FullName, IPAddress.Loopback, place: _place, environment: Variables(exceptions));
        var token = await hub.AddDialledEdgeAsync("edge-1", _port, $"{_place.Address}:{dialPort}");
        // The edge awaits: the variables of its own do not matter.
        await using var edge = EdgeProcess.Start(_directory.FullName, token, _place.Address, _place, Variables(""));
        await edge.WaitForPortsAsync([_port], []);
        Assert.Equal(
            isThrough ? $"127.0.0.1:{_proxyPort}" : $"{_place.Address}:{dialPort}",
            (await hub.ConnectedEdgeAsync("edge-1"))!.Value.GetProperty("remote").GetString());
        Assert.Equal(
            isThrough,
            (await hub.RunAsync("doctor", "--edge", "edge-1")).StandardOutput.Contains(
                $"is connected through http://127.0.0.1:{_proxyPort}", StringComparison.Ordinal));
    }

    // In capitals and not: the machine of the tests may have either, and what is not in capitals wins.
    private Dictionary<string, string> Variables(string exceptions)
    {
        var proxy = $"http://me:{Password}@127.0.0.1:{_proxyPort}";
        return new()
        {
            ["HTTPS_PROXY"] = proxy,
            ["https_proxy"] = proxy,
            ["NO_PROXY"] = exceptions,
            ["no_proxy"] = exceptions,
        };
    }
}
