using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Relay;
using Tunnel.Shared.Transport;

namespace Tunnel.Transport.ContractTests;

/// <summary>An edge whose clients are made by the test.</summary>
public sealed class TestEdge : IEdgeTunnelHandler
{
    private int _doubts;

    public Channel<TunnelConfig> Configs { get; } = Channel.CreateUnbounded<TunnelConfig>();

    public TaskCompletionSource<GoAway> GoAway { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Whether a tunnel that has lost its connection waits for another one.</summary>
    public bool KeepsLost { get; set; }

    /// <summary>How often a tunnel had reason to doubt its hub.</summary>
    public int Doubts => Volatile.Read(ref _doubts);

    void ITunnelHandler.OnDoubt(ITunnel tunnel) => Interlocked.Increment(ref _doubts);

    bool ITunnelHandler.OnLost(ITunnel tunnel, TunnelEnd cause) => KeepsLost;

    void IEdgeTunnelHandler.OnConfig(ITunnel tunnel, TunnelConfig config) => Configs.Writer.TryWrite(config);

    void ITunnelHandler.OnGoAway(ITunnel tunnel, GoAway goAway) => GoAway.TrySetResult(goAway);

    /// <summary>Opens a client's socket whose other end is a stream of the tunnel; it is open until the end of the test.</summary>
    public static async Task<(Socket Client, ITunnelStream Stream)> ConnectAsync(TunnelPair pair, IStreamObserver? observer = null)
    {
        var connection = await TryConnectAsync(pair, observer);
        Assert.NotNull(connection);
        return connection.Value;
    }

    /// <summary>Does the same, or returns null when the tunnel takes no new streams.</summary>
    public static async Task<(Socket Client, ITunnelStream Stream)?> TryConnectAsync(TunnelPair pair, IStreamObserver? observer = null)
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(1);
        var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await client.ConnectAsync(listener.LocalEndPoint!);
        var accepted = await listener.AcceptAsync();
        accepted.NoDelay = true;
        var opening = new StreamOpening((IPEndPoint)accepted.RemoteEndPoint!, (IPEndPoint)accepted.LocalEndPoint!, 443);
        if (pair.Edge.OpenStream(opening, new SocketEndpoint(accepted, pair.EdgeContext), observer) is { } stream)
        {
            pair.Hold(client);
            return (client, stream);
        }

        accepted.Dispose();
        client.Dispose();
        return null;
    }
}
