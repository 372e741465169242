using System.Net;
using System.Net.Sockets;
using Tunnel.FunctionalTests.Harness;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests;

/// <summary>The programs in examples/ run as they are.</summary>
public sealed class ExampleTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Kestrel_serves_at_the_edges_port_and_sees_the_clients_own_address()
    {
        var port = FreePorts.Next();
        await using var example = ManagedProcess.Start("kestrel", Binaries.KestrelExample, [$"{port}"]);
        await example.WaitForLineAsync("serving", Patience);
        var source = LoopbackAddresses.Next();

        Assert.Matches($"^Hello {source}, this is connection [0-9a-f]{{32}}", await CurlAsync(source, $"http://127.0.0.1:{port}/"));

        // The body is larger than what may wait between the tunnel and Kestrel.
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, new string('x', 3_000_000));
        Assert.Equal("3000000", (await CurlAsync(source, "--data-binary", $"@{file}", $"http://127.0.0.1:{port}/length")).Trim());
        File.Delete(file);

        example.Signal(ManagedProcess.SigTerm);
        Assert.Equal(0, await example.WaitForExitAsync(Patience));
    }

    [Fact]
    public async Task A_hook_refuses_chooses_the_upstream_adds_a_field_and_sees_the_first_bytes()
    {
        var port = FreePorts.Next();
        using var upstream = new TcpListener(LoopbackAddresses.Next(), FreePorts.Next());
        upstream.Start();
        await using var example = ManagedProcess.Start("hooks", Binaries.HooksExample, [$"{port}", $"{upstream.LocalEndpoint}"]);
        await example.WaitForLineAsync("leads to", Patience);

        using var client = await ConnectAsync(LoopbackAddresses.Next(), port);
        using var server = await upstream.AcceptSocketAsync().WaitAsync(Patience);
        await client.SendAsync("hello"u8.ToArray());
        var received = await ReceiveAsync(server, "hello"u8.ToArray());
        Assert.Contains("\u00E8\0\u0004gold", received, StringComparison.Ordinal);
        await server.SendAsync("answer"u8.ToArray());
        await ReceiveAsync(client, "answer"u8.ToArray());
        await example.WaitForLineAsync("client byte 0: 5 bytes", Patience);
        await example.WaitForLineAsync("upstream byte 0: 6 bytes", Patience);

        using var refused = await ConnectAsync(IPAddress.Parse("127.0.0.66"), port);
        await Assert.ThrowsAsync<SocketException>(() => refused.ReceiveAsync(new byte[1]).WaitAsync(Patience));
        Assert.False(upstream.Pending());
    }

    private static async Task<Socket> ConnectAsync(IPAddress source, int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(source, 0));
        await socket.ConnectAsync(IPAddress.Loopback, port).WaitAsync(Patience);
        return socket;
    }

    // Returns what came before the end, as one character a byte.
    private static async Task<string> ReceiveAsync(Socket socket, byte[] end)
    {
        var received = new List<byte>();
        var buffer = new byte[4096];
        while (!received.TakeLast(end.Length).SequenceEqual(end))
        {
            var count = await socket.ReceiveAsync(buffer).WaitAsync(Patience);
            Assert.True(count > 0);
            received.AddRange(buffer.AsSpan(0, count));
        }

        return string.Concat(received.Select(value => (char)value));
    }

    private static async Task<string> CurlAsync(IPAddress source, params string[] arguments) => (await ManagedProcess.RunAsync(
        DebianProgram.Curl,
        ["-sS", "--noproxy", "*", "--max-time", "50", "--interface", source.ToString(), .. arguments])).Succeeded().StandardOutput;
}
