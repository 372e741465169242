using System.Net.Sockets;
using Tunnel.Shared.Sockets;

namespace Tunnel.Hub.Forwarding;

/// <summary>Is given what an <see cref="UpstreamReceiver"/> reads.</summary>
internal interface IUpstreamReplies
{
    /// <summary>A datagram of the upstream; more may follow before <see cref="OnBatchEnd"/>. Must not keep the span.</summary>
    void OnReply(ReadOnlySpan<byte> datagram);

    /// <summary>All that had come was given.</summary>
    void OnBatchEnd();

    /// <summary>The socket reported an error, such as an ICMP message that nobody listens.</summary>
    void OnError(SocketError error);
}

/// <summary>
/// Reads a connected UDP socket. Waits by peeking at one byte, so that an idle session costs no buffer, then reads what is there without
/// waiting. Expected errors come as codes; a flood of ICMP messages must not become a flood of exceptions.
/// </summary>
internal sealed class UpstreamReceiver : SocketAsyncEventArgs, IThreadPoolWorkItem
{
    // Then others on this I/O thread have their turn.
    private const int MaxBatch = 64;
    private const int MaxCalls = 2;

    // What is peeked is never looked at, so all sockets can share it.
    private static readonly byte[] Peeked = new byte[1];
    private readonly Socket _socket;
    private readonly IUpstreamReplies _replies;

    /// <param name="socket">Connected and not blocking; disposing it ends the reading.</param>
    /// <param name="replies">Who gets the datagrams.</param>
    public UpstreamReceiver(Socket socket, IUpstreamReplies replies)
        : base(true)
    {
        _socket = socket;
        _replies = replies;
        SetBuffer(Peeked);
    }

    /// <summary>Begins to read.</summary>
    public void Start() => Execute();

    /// <inheritdoc/>
    public void Execute()
    {
        for (var batch = 0; batch < MaxBatch; batch++)
        {
            if (!TryWait(out var isPending) || isPending)
                return;
            if (!ReadAvailable())
                return;
        }

        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    /// <inheritdoc/>
    protected override void OnCompleted(SocketAsyncEventArgs e)
    {
        if (NoteResult() && ReadAvailable())
            Execute();
    }

    private bool TryWait(out bool isPending)
    {
        isPending = false;
        // Each completion overwrites the flags with those of what it received; without Peek the datagram would be lost.
        SocketFlags = SocketFlags.Peek;
        try
        {
            isPending = _socket.ReceiveAsync(this);
        }
        catch (ObjectDisposedException)
        {
            return false;
        }

        return isPending || NoteResult();
    }

    // False when the socket was closed.
    private bool NoteResult()
    {
        if (SocketError == SocketError.Success)
            return true;
        if (SocketError is SocketError.OperationAborted or SocketError.Interrupted or SocketError.NotSocket or SocketError.Shutdown)
            return false;
        _replies.OnError(SocketError);
        return true;
    }

    private bool ReadAvailable()
    {
        var receiver = DatagramReceiver.Current;
        var open = true;
        for (var calls = 0; calls < MaxCalls; calls++)
        {
            var error = receiver.Receive(_socket.SafeHandle);
            while (receiver.TryNext(out var datagram))
                _replies.OnReply(datagram.Payload);
            if (error == SocketError.Success && receiver.WasFull)
                continue;
            open = error != SocketError.OperationAborted;
            if (error is not (SocketError.Success or SocketError.WouldBlock or SocketError.OperationAborted))
                _replies.OnError(error);
            break;
        }

        _replies.OnBatchEnd();
        return open;
    }
}
