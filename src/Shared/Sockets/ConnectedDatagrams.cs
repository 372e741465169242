using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;

namespace Tunnel.Shared.Sockets;

/// <summary>
/// Receives what a <see cref="ConnectedDatagrams"/> reads. Called on the thread of the socket's loop, so implementations must not block.
/// </summary>
public interface IDatagramReplies
{
    /// <summary>
    /// The peer has sent a datagram. More may follow before <see cref="OnBatchEnd"/>. The span is valid only during the call.
    /// </summary>
    void OnReply(ReadOnlySpan<byte> datagram);

    /// <summary>All datagrams that had arrived have been delivered.</summary>
    void OnBatchEnd();

    /// <summary>The socket reported an error, for example because an ICMP message said that nobody listens at the peer's port.</summary>
    void OnError(ConnectedDatagrams socket, SocketError error);
}

/// <summary>
/// A UDP socket that is connected to one peer. All such sockets share one event loop with its own thread, so that floods of datagrams delay
/// no stream. There may be tens of thousands of them, so each is a handle and little more, and an idle one holds no buffer.
/// </summary>
public sealed class ConnectedDatagrams : LoopEntry, IDisposable
{
    // The most system calls of one turn; then other sockets have theirs, and the loop reports again what is left.
    private const int MaxCalls = 2;

    private readonly SafeSocketHandle _handle;
    private volatile IDatagramReplies _replies;
    private volatile bool _watched;

    private ConnectedDatagrams(SafeSocketHandle handle, IDatagramReplies replies) => (_handle, _replies) = (handle, replies);

    /// <summary>
    /// Datagrams that found the socket's receive buffer full, as the kernel counts them: several from one sender may count as one. 0 once
    /// the socket is closed.
    /// </summary>
    public uint Overflows => DatagramReceiver.Overflows(_handle);

    /// <summary>The address and port that the peer sees; null when the kernel does not say.</summary>
    public IPEndPoint? LocalEndPoint => NativeSocket.LocalEndPoint(_handle);

    /// <summary>Creates a socket and connects it to a peer.</summary>
    /// <param name="peer">The only address to which datagrams are sent and from which they are received.</param>
    /// <param name="replies">Receives what the peer sends, from <see cref="Start"/> on.</param>
    /// <param name="descriptors">Checks the new socket as a client's; a refusal returns
    /// <see cref="SocketError.TooManyOpenSockets"/>.</param>
    /// <param name="socket">The socket; null on failure.</param>
    /// <returns><see cref="SocketError.Success"/>, or why there is no socket.</returns>
    public static SocketError TryOpen(
        IPEndPoint peer, IDatagramReplies replies, DescriptorGuard descriptors, [NotNull] out ConnectedDatagrams? socket)
    {
        socket = null!;
        var handle = NativeSocket.CreateDatagram(peer.AddressFamily);
        if (descriptors.Refuses(handle))
            return SocketError.TooManyOpenSockets;
        if (handle.IsInvalid || NativeSocket.Connect(handle, peer.Serialize()) != 0)
        {
            var error = NativeSocket.LastError;
            handle.Dispose();
            return ErrorNumbers.ToConnectError(error);
        }

        DatagramReceiver.Coalesce(handle);
        socket = new ConnectedDatagrams(handle, replies);
        return SocketError.Success;
    }

    /// <summary>Starts to read.</summary>
    /// <returns>False when the kernel can't watch the socket.</returns>
    public bool Start()
    {
        // Set first, because the socket may be closed meanwhile.
        _watched = true;
        return EventLoops.Datagrams.Add(this, _handle, Epoll.In);
    }

    /// <summary>Gives what the peer sends to another receiver from now on; what is being delivered still goes to the one before.</summary>
    public void ReplyTo(IDatagramReplies replies) => _replies = replies;

    /// <summary>Sends what <paramref name="owner"/> has added to this thread's <see cref="DatagramRun"/>.</summary>
    public DatagramResult Send(object owner) => DatagramRun.Current.Send(owner, _handle, [], []);

    /// <summary>Closes the socket and stops watching it.</summary>
    public void Dispose()
    {
        _handle.Dispose();
        if (_watched)
            EventLoops.Datagrams.Forget(this);
    }

    internal override void OnEvents(uint events)
    {
        var receiver = DatagramReceiver.Current;
        var replies = _replies;
        var error = SocketError.Success;
        var any = false;
        for (var calls = 0; calls < MaxCalls && error == SocketError.Success; calls++)
        {
            error = receiver.Receive(_handle);
            while (receiver.TryNext(out var datagram))
            {
                any = true;
                replies.OnReply(datagram.Payload);
            }

            for (var cut = receiver.Cut; cut > 0; cut--)
                replies.OnError(this, SocketError.MessageSize);
            if (error == SocketError.Success && !receiver.WasFull)
                break;
        }

        if (any)
            replies.OnBatchEnd();
        if (error is not (SocketError.Success or SocketError.WouldBlock or SocketError.OperationAborted))
            replies.OnError(this, error);
    }
}
