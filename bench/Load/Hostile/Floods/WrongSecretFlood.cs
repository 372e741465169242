using System.Net;
using Tunnel.TestUtilities.Wire;

namespace Tunnel.Bench.Load.Hostile.Floods;

/// <summary>Guesses at the secret of an edge that is there, from sixteen addresses, a bounded number at a time.</summary>
internal sealed class WrongSecretFlood(FloodOrder order) : IFlood
{
    private const int AtOnce = 64;

    private readonly SemaphoreSlim _free = new(AtOnce);
    private int _next;
    private int _ends;

    public int Ends => Volatile.Read(ref _ends);

    public int Send(int count)
    {
        for (var done = 0; done < count; done++)
        {
            _free.Wait();
            _ = GuessAsync(IPAddress.Parse($"127.0.77.{1 + (_next++ % 16)}"));
        }

        return count;
    }

    public void Dispose() => _free.Dispose();

    private async Task GuessAsync(IPAddress from)
    {
        try
        {
            using var peer = await TunnelPeer.ConnectAsync(order.HubEndPoint, from);
            await peer.SendAsync($"EDGE {order.EdgeId} a-secret-that-is-wrong\n");
            await peer.ReadLineAsync();
        }
        catch (Exception e) when (e is IOException or System.Net.Sockets.SocketException or TimeoutException)
        {
            // The hub has closed this connection without an answer.
            Interlocked.Increment(ref _ends);
        }
        finally
        {
            _free.Release();
        }
    }
}
