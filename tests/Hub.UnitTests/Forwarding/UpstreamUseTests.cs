using System.Net;
using System.Net.Sockets;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Hub.Targets;
using Tunnel.Hub.Targets.Connecting;
using Tunnel.Shared.Sockets;
using Tunnel.Shared.Transport;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.Hub.UnitTests.Forwarding;

/// <summary>Whoever chose an upstream learns what became of the connection to it.</summary>
public sealed class UpstreamUseTests : IDisposable
{
    private readonly Socket _upstream = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly Chooser _chooser;

    public UpstreamUseTests()
    {
        _upstream.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _upstream.Listen();
        _chooser = new Chooser((IPEndPoint)_upstream.LocalEndPoint!);
    }

    public void Dispose() => _upstream.Dispose();

    [Fact]
    public async Task It_learns_of_the_first_answer_and_of_the_end()
    {
        using var hub = Connected();
        var stream = hub.OpenStream();
        using var socket = await _upstream.AcceptAsync();
        var endpoint = await stream.AttachedAsync();
        Assert.Equal(ForwardingFixture.Client.Address, _chooser.Asked!.Value.Source);
        await socket.SendAsync("hello"u8.ToArray());
        await Eventually.IsTrueAsync(() => endpoint.TryRead(new byte[10], out _) == LocalReadStatus.Data, "the answer is read");
        Assert.Equal(["Data"], _chooser.Use.Seen);

        stream.Observer!.OnStreamClosed(stream, default);
        Assert.Equal(["Data", "end"], _chooser.Use.Seen);
    }

    [Fact]
    public async Task It_learns_that_nobody_waits_for_the_connection_any_more()
    {
        using var hub = Connected();
        _chooser.Gate = new TaskCompletionSource();
        var stream = hub.OpenStream();
        stream.Observer!.OnStreamClosed(stream, default);
        _chooser.Gate.SetResult();
        await Eventually.IsTrueAsync(() => _chooser.Use.Seen.SequenceEqual(["end"]), "the use has ended");
    }

    private ForwardingFixture Connected()
    {
        var hub = new ForwardingFixture(_chooser);
        hub.ConnectEdge(new PortPolicyDefinition { ProxyProtocol = ProxyProtocol.Off });
        return hub;
    }

    private sealed class Chooser(IPEndPoint upstream) : IUpstreamConnector
    {
        public UpstreamRequest? Asked { get; private set; }

        public TaskCompletionSource? Gate { get; set; }

        public SeenUse Use { get; } = new();

        public async ValueTask<ConnectOutcome> ConnectAsync(UpstreamRequest request, CancellationToken limit)
        {
            Asked = request;
            if (Gate is { } gate)
                await gate.Task;
            var (socket, _) = await SocketConnector.ConnectAsync(upstream, CancellationToken.None);
            return new ConnectOutcome(socket, default, Use);
        }
    }

    private sealed class SeenUse : IUpstreamUse
    {
        private readonly Lock _lock = new();
        private readonly List<string> _seen = [];

        public string Host => "target";

        public string[] Seen
        {
            get
            {
                lock (_lock)
                    return [.. _seen];
            }
        }

        public string Target => "here";

        public void NoteFirstRead(LocalReadStatus status) => Add(status.ToString());

        public void NoteFailed() => Add("failed");

        public void End() => Add("end");

        private void Add(string what)
        {
            lock (_lock)
                _seen.Add(what);
        }
    }
}
