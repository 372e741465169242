using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;

namespace Tunnel.Shared.Sockets;

/// <summary>Is given what a <see cref="ConnectedDatagrams"/> reads, on its loop's thread: must not block.</summary>
public interface IDatagramReplies
{
    /// <summary>A datagram of the peer; more may follow before <see cref="OnBatchEnd"/>. Must not keep the span.</summary>
    void OnReply(ReadOnlySpan<byte> datagram);

    /// <summary>All that had come was given.</summary>
    void OnBatchEnd();

    /// <summary>The socket reported an error, such as an ICMP message that nobody listens.</summary>
    void OnError(ConnectedDatagrams socket, SocketError error);
}

/// <summary>
/// A UDP socket that is connected to one peer, on an event loop of all such sockets: its own thread, so that floods of datagrams delay no
/// stream. There may be tens of thousands of them, so it is a handle and little more, and an idle one holds no buffer.
/// </summary>
public sealed class ConnectedDatagrams : LoopEntry, IDisposable
{
    // Then others have their turn; the loop tells again of what is left.
    private const int MaxCalls = 2;

    private readonly SafeSocketHandle _handle;
    private readonly IDatagramReplies _replies;
    private volatile bool _watched;

    private ConnectedDatagrams(SafeSocketHandle handle, IDatagramReplies replies) => (_handle, _replies) = (handle, replies);

    /// <summary>
    /// Datagrams that found the socket's receive buffer full, as the kernel counts them: several of one sender may be one. 0 once it is
    /// closed.
    /// </summary>
    public uint Overflows => DatagramReceiver.Overflows(_handle);

    /// <summary>Makes a socket and connects it.</summary>
    /// <param name="peer">The only one that is sent to and heard.</param>
    /// <param name="replies">Who gets what it sends, from <see cref="Start"/> on.</param>
    /// <param name="descriptors">Refuses it as a client's, with <see cref="SocketError.TooManyOpenSockets"/>.</param>
    /// <param name="socket">The socket; null on failure.</param>
    /// <returns>Why there is none.</returns>
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
            return SocketConnector.ToSocketError(error);
        }

        DatagramReceiver.Coalesce(handle);
        socket = new ConnectedDatagrams(handle, replies);
        return SocketError.Success;
    }

    /// <summary>Begins to read.</summary>
    /// <returns>False when the kernel can't watch it.</returns>
    public bool Start()
    {
        // First: it may be closed meanwhile.
        _watched = true;
        return EventLoops.Datagrams.Add(this, _handle, Epoll.In);
    }

    /// <summary>Sends what <paramref name="owner"/> has added to this thread's <see cref="DatagramRun"/>.</summary>
    public DatagramResult Send(object owner) => DatagramRun.Current.Send(owner, _handle, [], []);

    /// <summary>Closes it.</summary>
    public void Dispose()
    {
        _handle.Dispose();
        if (_watched)
            EventLoops.Datagrams.Forget(this);
    }

    internal override void OnEvents(uint events)
    {
        var receiver = DatagramReceiver.Current;
        var error = SocketError.Success;
        var any = false;
        for (var calls = 0; calls < MaxCalls && error == SocketError.Success; calls++)
        {
            error = receiver.Receive(_handle);
            while (receiver.TryNext(out var datagram))
            {
                any = true;
                _replies.OnReply(datagram.Payload);
            }

            for (var cut = receiver.Cut; cut > 0; cut--)
                _replies.OnError(this, SocketError.MessageSize);
            if (error == SocketError.Success && !receiver.WasFull)
                break;
        }

        if (any)
            _replies.OnBatchEnd();
        if (error is not (SocketError.Success or SocketError.WouldBlock or SocketError.OperationAborted))
            _replies.OnError(this, error);
    }
}
