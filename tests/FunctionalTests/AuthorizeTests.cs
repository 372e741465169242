using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Nodes;
using Tunnel.FunctionalTests.Harness;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests;

/// <summary>The hub asks a real HTTP server whether clients may come in.</summary>
public sealed class AuthorizeTests : IAsyncDisposable
{
    private readonly HttpListener _server = new();
    private readonly string _url = $"http://{LoopbackAddresses.Next()}:{FreePorts.Next(1)[0]}/authorize";
    private readonly List<string> _asked = [];
    private readonly IPAddress _welcome = LoopbackAddresses.Next();
    private readonly IPAddress _other = LoopbackAddresses.Next();
    private Task _serving = Task.CompletedTask;

    [Fact]
    public async Task Clients_come_in_as_a_server_says_and_without_its_answer_as_the_port_says()
    {
        _serving = ServeAsync();
        await using var setup = await TunnelSetup.StartAsync(policies: TunnelSetup.WithoutHeader);
        var service = setup.Listen(setup.Tcp[0]);
        await SetAsync(_url);
        await SetAsync($"{{\"url\": \"{_url}?key=secret\", \"ttl\": 3600, \"timeout\": 30}}");

        await AssertServedAsync(_welcome);
        await AssertServedAsync(_welcome);
        await AssertResetAsync(_other);
        Assert.Equal(
            [Question(_welcome), Question(_other)],
            _asked.Select(static text => JsonSerializer.Serialize(JsonNode.Parse(text))));
        Assert.Equal(1, await FailuresAsync("authorizeRefused"));
        var shown = (await setup.Hub.RunAsync("edge", "show", TunnelSetup.EdgeId)).Succeeded().StandardOutput;
        Assert.EndsWith($"\ntcp/{setup.Tcp[0]}: {_url} says whether clients may come in", shown, StringComparison.Ordinal);

        // A kept answer outlives the server; other clients are refused.
        _server.Stop();
        await AssertServedAsync(_welcome);
        await AssertResetAsync(LoopbackAddresses.Next());
        Assert.Equal(1, await FailuresAsync("authorizeFailed"));
        Assert.Contains("clients may come in since", (await setup.Hub.RunAsync("status")).Succeeded().StandardOutput);
        await SetAsync($"url={_url},failOpen=true");
        await AssertServedAsync(LoopbackAddresses.Next());
        Assert.DoesNotContain("secret", setup.Hub.Process.Log);
        service.Stop();

        string Question(IPAddress source) => JsonSerializer.Serialize(
            new JsonObject { ["edgeId"] = TunnelSetup.EdgeId, ["port"] = setup.Tcp[0], ["source"] = source.ToString(), ["sni"] = null });

        async Task SetAsync(string value) =>
            (await setup.Hub.RunAsync("port", "set", TunnelSetup.EdgeId, $"tcp/{setup.Tcp[0]}", "--authorize-url", value)).Succeeded();

        async Task<long> FailuresAsync(string reason) =>
            (await setup.Hub.StatusAsync()).GetProperty("streamFailures").TryGetProperty(reason, out var count) ? count.GetInt64() : 0;

        async Task<Socket> ConnectAsync(IPAddress source)
        {
            var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            client.Bind(new IPEndPoint(source, 0));
            await client.ConnectAsync(new IPEndPoint(setup.EdgeAddress, setup.Tcp[0])).WaitAsync(TimeSpan.FromSeconds(30));
            return client;
        }

        async Task AssertServedAsync(IPAddress source)
        {
            using var client = await ConnectAsync(source);
            using var upstream = await service.AcceptSocketAsync().WaitAsync(TimeSpan.FromSeconds(30));
            await upstream.SendAsync("hello"u8.ToArray());
            Assert.Equal(5, await client.ReceiveAsync(new byte[10]).WaitAsync(TimeSpan.FromSeconds(30)));
        }

        async Task AssertResetAsync(IPAddress source)
        {
            using var client = await ConnectAsync(source);
            var error = await Assert.ThrowsAsync<SocketException>(
                () => client.ReceiveAsync(new byte[10]).WaitAsync(TimeSpan.FromSeconds(30)));
            Assert.Equal(SocketError.ConnectionReset, error.SocketErrorCode);
            Assert.False(service.Pending());
        }
    }

    public async ValueTask DisposeAsync()
    {
        _server.Close();
        await _serving;
    }

    private async Task ServeAsync()
    {
        _server.Prefixes.Add($"{_url}/");
        _server.Start();
        try
        {
            while (true)
            {
                var context = await _server.GetContextAsync();
                using var body = new StreamReader(context.Request.InputStream);
                var question = await body.ReadToEndAsync();
                _asked.Add(question);
                context.Response.StatusCode = question.Contains($"\"{_welcome}\"", StringComparison.Ordinal) ? 200 : 403;
                context.Response.Close();
            }
        }
        catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
        {
            // The server was stopped.
        }
    }
}
