using System.Net.Sockets;

namespace Tunnel.Shared.Sockets;

/// <summary>
/// Tells whether the loop that accepts at a listening socket still runs. A loop that waits for clients and one that hangs look alike, and a
/// test connection could fail for other reasons (a packet filter, no descriptors); so this asks the kernel whether clients wait in the
/// socket's queue.
/// </summary>
public sealed class AcceptWatch(Socket listener, TimeProvider time)
{
    /// <summary>When clients have waited this long and none was accepted, the loop hangs.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(3);

    private const int TcpLevel = 6;
    private const int TcpInfo = 11;

    // The offset of tcpi_unacked in struct tcp_info. For a listening socket it is the length of its queue.
    private const int InfoWaiting = 24;

    private readonly Lock _looking = new();
    private long _turns;
    private long _turnsSeen;
    private long? _waitingSince;

    /// <summary>Notes that the loop tries to accept. Only the loop may call this.</summary>
    public void Turn() => Volatile.Write(ref _turns, _turns + 1);

    /// <summary>
    /// False when every call for at least <see cref="Limit"/> found clients waiting and the loop has not tried to accept one since.
    /// </summary>
    public bool IsTurning()
    {
        lock (_looking)
        {
            var turns = Volatile.Read(ref _turns);
            if (turns != _turnsSeen || !HasWaiting())
            {
                _turnsSeen = turns;
                _waitingSince = null;
                return true;
            }

            _waitingSince ??= time.GetTimestamp();
            return time.GetElapsedTime(_waitingSince.Value) < Limit;
        }
    }

    private bool HasWaiting()
    {
        Span<byte> info = stackalloc byte[InfoWaiting + sizeof(uint)];
        try
        {
            return listener.GetRawSocketOption(TcpLevel, TcpInfo, info) == info.Length && BitConverter.ToUInt32(info[InfoWaiting..]) > 0;
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The socket is closed: no client waits there.
            return false;
        }
    }
}
