using System.Net.Sockets;

namespace Tunnel.Shared.Sockets;

/// <summary>
/// Tells whether the loop that accepts at a listening socket turns. It asks the kernel whether somebody waits there: a loop that waits for
/// clients and one that hangs look alike else, and a connection made as a try could fail for other reasons (a packet filter, no
/// descriptors).
/// </summary>
public sealed class AcceptWatch(Socket listener, TimeProvider time)
{
    /// <summary>Who waits for longer while nobody is accepted has found a loop that hangs.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(3);

    private const int TcpLevel = 6;
    private const int TcpInfo = 11;

    // tcpi_unacked, which of a listening socket is the length of its queue.
    private const int InfoWaiting = 24;

    private readonly Lock _looking = new();
    private long _turns;
    private long _turnsSeen;
    private long? _waitingSince;

    /// <summary>The loop tries to accept; by the loop alone.</summary>
    public void Turn() => Volatile.Write(ref _turns, _turns + 1);

    /// <summary>False when clients were waiting at each look for <see cref="Limit"/>, and there was no try to accept one.</summary>
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
            // Closed: nobody waits there.
            return false;
        }
    }
}
