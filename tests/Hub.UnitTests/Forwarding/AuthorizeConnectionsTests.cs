using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Hub.Forwarding.Authorizing;
using Tunnel.Hub.Targets;
using Tunnel.Hub.UnitTests.Fakes;
using Tunnel.Shared.Protocol.Addresses;

namespace Tunnel.Hub.UnitTests.Forwarding;

/// <summary>The hub makes real connections to servers that mean no good, and none to addresses that it must not connect to.</summary>
public sealed class AuthorizeConnectionsTests : IDisposable
{
    private readonly TcpListener _server = new(IPAddress.Loopback, 0);
    private readonly List<Authorizer> _made = [];

    public AuthorizeConnectionsTests() => _server.Start();

    private int Port => ((IPEndPoint)_server.LocalEndpoint).Port;

    [Theory]
    [InlineData("SSH-2.0-OpenSSH_9.2\r\n\r\n")]
    [InlineData("HTTP/1.1 2000 OK\r\n\r\n")]
    [InlineData("")]
    public async Task What_is_not_HTTP_is_no_answer(string answer)
    {
        var authorizer = Make();
        var asked = AskAsync(authorizer, 1);
        using (var client = await TakeAsync())
            await client.SendAsync(Encoding.ASCII.GetBytes(answer));
        Assert.Equal(AuthorizeAnswer.None, await asked);
        Assert.NotEqual("", authorizer.Fault!.Reason);
        Assert.DoesNotContain(authorizer.Fault.Reason, char.IsControl);
    }

    [Fact]
    public async Task Headers_without_end_are_no_answer()
    {
        var asked = AskAsync(Make(), 1);
        using var client = await TakeAsync();
        await Assert.ThrowsAsync<SocketException>(async () =>
        {
            await client.SendAsync("HTTP/1.1 200 OK\r\n"u8.ToArray());
            var line = Encoding.ASCII.GetBytes($"X-Long: {new string('x', 1_000)}\r\n");
            while (true)
                await client.SendAsync(line);
        });
        Assert.Equal(AuthorizeAnswer.None, await asked);
    }

    [Fact]
    public async Task A_body_without_end_is_not_read_to_its_end()
    {
        var asked = AskAsync(Make(), 1);
        using var client = await TakeAsync();
        await client.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 100000000000\r\n\r\n"u8.ToArray());
        Assert.Equal(AuthorizeAnswer.Allowed, await asked);
        await Assert.ThrowsAsync<SocketException>(async () =>
        {
            while (true)
                await client.SendAsync(new byte[10_000]);
        });
    }

    [Fact]
    public async Task A_connection_is_used_again()
    {
        var authorizer = Make();
        var first = AskAsync(authorizer, 1);
        using var client = await TakeAsync();
        await client.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine"u8.ToArray());
        Assert.Equal(AuthorizeAnswer.Allowed, await first);
        var second = AskAsync(authorizer, 2);
        await ReadQuestionAsync(client);
        await client.SendAsync("HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n"u8.ToArray());
        Assert.Equal(AuthorizeAnswer.Refused, await second);
    }

    [Fact]
    public async Task An_answer_leads_nowhere_else()
    {
        var elsewhere = new TcpListener(IPAddress.Loopback, 0);
        elsewhere.Start();
        var asked = AskAsync(Make(), 1);
        using var client = await TakeAsync();
        await client.SendAsync(Encoding.ASCII.GetBytes(
            $"HTTP/1.1 307 Go\r\nLocation: http://127.0.0.1:{((IPEndPoint)elsewhere.LocalEndpoint).Port}/\r\nContent-Length: 0\r\n\r\n"));
        Assert.Equal(AuthorizeAnswer.None, await asked);
        Assert.False(elsewhere.Pending());
        elsewhere.Stop();
    }

    [Fact]
    public async Task Only_addresses_that_targets_may_have_are_connected_to()
    {
        foreach (var (address, rule) in new (string, TargetRule)[]
        {
            ("169.254.169.254", default),
            ("127.0.0.1", new TargetRule(Cidrs("10.0.0.0/8"), null)),
            ("127.0.0.1", new TargetRule(null, Cidrs("10.0.0.0/8"))),
        })
        {
            var authorizer = Make(
                new TargetResolver(TimeProvider.System, _ => Task.FromResult<IPAddress[]>([IPAddress.Parse(address)])), rule, "name.test");
            Assert.Equal(AuthorizeAnswer.None, await AskAsync(authorizer, 1));
            Assert.Equal("name.test has no address that targetAllowCidrs allow", authorizer.Fault?.Reason);
        }

        Assert.False(_server.Pending());
        var allowed = AskAsync(Make(rule: new TargetRule(Cidrs("127.0.0.0/8"), null)), 1);
        using var client = await TakeAsync();
        await client.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"u8.ToArray());
        Assert.Equal(AuthorizeAnswer.Allowed, await allowed);
    }

    [Fact]
    public async Task A_name_without_an_address_and_a_port_without_a_server_are_no_answer()
    {
        var nameless = Make(new TargetResolver(TimeProvider.System, _ => Task.FromResult<IPAddress[]>([])), host: "name.test");
        Assert.Equal(AuthorizeAnswer.None, await AskAsync(nameless, 1));
        Assert.Equal("name.test has no address", nameless.Fault?.Reason);
        var refused = Make();
        _server.Stop();
        Assert.Equal(AuthorizeAnswer.None, await AskAsync(refused, 1));
        Assert.Equal("Connection refused", refused.Fault?.Reason);
    }

    public void Dispose()
    {
        foreach (var authorizer in _made)
            authorizer.Dispose();
        _server.Dispose();
    }

    private static CidrSet Cidrs(string block) => new([IpRange.TryParse(block, out var parsed, out _) ? parsed : default]);

    private Authorizer Make(TargetResolver? resolver = null, TargetRule rule = default, string host = "127.0.0.1")
    {
        var handler = AuthorizeConnections.Open(resolver ?? new TargetResolver(TimeProvider.System), rule);
        var definition = new AuthorizeDefinition { Url = $"http://{host}:{Port}/", Timeout = 30 };
        var made = new Authorizer(
            definition, handler, new AuthorizeReports(new EventLog().Queue, TimeProvider.System, NullLogger<AuthorizeReports>.Instance),
            TimeProvider.System);
        _made.Add(made);
        return made;
    }

    private static Task<AuthorizeAnswer> AskAsync(Authorizer authorizer, int port) =>
        authorizer.AskAsync(new AuthorizeQuestion("a", port, null, null), default).AsTask().WaitAsync(Patience.Limit);

    private async Task<Socket> TakeAsync()
    {
        var client = await _server.AcceptSocketAsync().WaitAsync(Patience.Limit);
        await ReadQuestionAsync(client);
        return client;
    }

    private static async Task ReadQuestionAsync(Socket client)
    {
        var read = "";
        var buffer = new byte[4_096];
        while (!read.EndsWith('}'))
        {
            var count = await client.ReceiveAsync(buffer).WaitAsync(Patience.Limit);
            Assert.NotEqual(0, count);
            read += Encoding.ASCII.GetString(buffer, 0, count);
        }

        Assert.StartsWith("POST / HTTP/1.1\r\n", read, StringComparison.Ordinal);
    }
}
