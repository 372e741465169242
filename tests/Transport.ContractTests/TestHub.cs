using System.Buffers;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Tunnel.Shared.Protocol;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Protocol.Proxy;
using Tunnel.Shared.Relay;
using Tunnel.Shared.Transport;
using TransportContext = Tunnel.Shared.Transport.TransportContext;

namespace Tunnel.Transport.ContractTests;

/// <summary>A hub that forwards every stream to one upstream socket and answers every datagram with itself.</summary>
public sealed class TestHub : IHubTunnelHandler, IDisposable
{
    private int _unanswered;

    // The options are those of TunnelPair.
    private readonly ConcurrentBag<Socket> _upstreams = [];
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    public TestHub()
    {
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen(4096);
    }

    public TransportContext? Context { get; set; }

    /// <summary>How many datagrams had an answer that found the session closed.</summary>
    public int Unanswered => Volatile.Read(ref _unanswered);

    public ConcurrentQueue<StreamOpening> Opened { get; } = new();

    public ConcurrentQueue<ITunnelStream> Streams { get; } = new();

    public TaskCompletionSource<Hello> Hello { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public TaskCompletionSource<Report> Report { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public TaskCompletionSource<GoAway> GoAway { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>When set, streams are not connected but reset for this reason.</summary>
    public ResetReason? Refuse { get; set; }

    /// <summary>The tunnel whose streams may go on over others.</summary>
    public ITunnel? Left { get; set; }

    /// <summary>The tunnel whose connection may go on within others; null: <see cref="Left"/>.</summary>
    public ITunnel? LeftConnection { get; set; }

    /// <summary>The tunnel or lane that a MOVE names; null: one of those above.</summary>
    internal Func<StreamMove, ITunnel?>? FindLeft { get; set; }

    /// <summary>What is said first on a stream that shall carry a connection, in place of an answer.</summary>
    public byte[]? FalseAnswer { get; set; }

    /// <summary>Which MOVEs find a hub that ends their streams without an answer.</summary>
    internal Func<StreamMove, bool>? FalselyAnswered { get; set; }

    /// <summary>Whether a tunnel that has lost its connection waits for another one.</summary>
    public bool KeepsLost { get; set; }

    /// <summary>When set, streams wait for it before they are connected.</summary>
    public Task? Gate { get; set; }

    /// <summary>The next connection of a stream, as its upstream sees it; open until the end of the test.</summary>
    public async Task<Socket> AcceptAsync(CancellationToken cancellationToken = default)
    {
        var socket = await _listener.AcceptAsync(cancellationToken).AsTask().WaitAsync(SocketHelpers.Hang, CancellationToken.None);
        socket.NoDelay = true;
        _upstreams.Add(socket);
        return socket;
    }

    public void Dispose()
    {
        foreach (var upstream in _upstreams)
            upstream.Dispose();
        _listener.Dispose();
    }

    bool ITunnelHandler.OnLost(ITunnel tunnel, TunnelEnd cause) => KeepsLost;

    void IHubTunnelHandler.OnHello(ITunnel tunnel, Hello hello) => Hello.TrySetResult(hello);

    void IHubTunnelHandler.OnReport(ITunnel tunnel, Report report) => Report.TrySetResult(report);

    void ITunnelHandler.OnGoAway(ITunnel tunnel, GoAway goAway) => GoAway.TrySetResult(goAway);

    void IHubTunnelHandler.OnStreamOpened(ITunnel tunnel, ITunnelStream stream, in StreamOpening opening)
    {
        if (opening.Move is { } move)
        {
            var left = FindLeft?.Invoke(move) ?? (move.StreamId == StreamMove.Connection ? LeftConnection ?? Left : Left);
            if (FalseAnswer is { } answer)
                Lie(stream, answer);
            else if (FalselyAnswered?.Invoke(move) == true)
                Lie(stream, []);
            else if ((left is null ? move.Refusal : left.MoveStream(move, tunnel, stream)) is { } unfit)
                stream.Reset(unfit);
            return;
        }

        // This comes first, since a test may take it back as soon as it sees the stream.
        var refusal = Refuse;
        Opened.Enqueue(opening);
        Streams.Enqueue(stream);
        if (refusal is { } reason)
            stream.Reset(reason);
        else
            _ = ConnectAsync(stream);
    }

    IDatagramSink? IHubTunnelHandler.OnSessionOpened(ITunnel tunnel, ITunnelSession session, in StreamOpening opening)
    {
        var refusal = Refuse;
        Opened.Enqueue(opening);
        return refusal is null ? new Echo(this, session) : null;
    }

    private static void Lie(ITunnelStream stream, byte[] answer)
    {
        var endpoint = new PipeEndpoint();
        stream.Attach(endpoint);
        endpoint.Application.Output.Write(answer);
        endpoint.Application.Output.Complete();
    }

    private async Task ConnectAsync(ITunnelStream stream)
    {
        if (Gate is not null)
            await Gate;
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(_listener.LocalEndPoint!);
        }
        catch (SocketException)
        {
            // The test reset it before the connection was reported.
            socket.Dispose();
            stream.Reset(ResetReason.Refused);
            return;
        }

        stream.Attach(new SocketEndpoint(socket, Context!));
    }

    private sealed class Echo(TestHub hub, ITunnelSession session) : IDatagramSink
    {
        public void OnDatagram(ReadOnlySpan<byte> payload)
        {
            if (!session.Send(payload) && !session.IsOpen)
                Interlocked.Increment(ref hub._unanswered);
        }

        public void OnSessionClosed()
        {
        }
    }
}
