using System.Net.Sockets;
using System.Security.Cryptography;

namespace Tunnel.FunctionalTests.Harness;

/// <summary>Transfers of bytes that follow from a seed, of which both ends know length and hash.</summary>
public static class HashedTransfer
{
    // On a busy machine the handshake of the next connection may take several tries, and all transfers wait for it.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    /// <summary>Sends until it is told to stop, then the end.</summary>
    public static async Task<(long Bytes, string Hash)> SendUntilAsync(Socket socket, int seed, CancellationToken enough)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var random = new Random(seed);
        var buffer = new byte[64 << 10];
        long sent = 0;
        while (!enough.IsCancellationRequested)
        {
            random.NextBytes(buffer);
            await socket.SendAllAsync(buffer, Patience);
            hash.AppendData(buffer);
            sent += buffer.Length;
        }

        socket.Shutdown(SocketShutdown.Send);
        return (sent, Convert.ToHexString(hash.GetHashAndReset()));
    }

    /// <summary>Receives until the end, which must be in order.</summary>
    public static async Task<(long Bytes, string Hash)> ReceiveAsync(Socket socket)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var (bytes, end) = await socket.DrainAsync(received => hash.AppendData(received.Span), Patience);
        Assert.Equal(StreamEnd.Finished, end);
        return (bytes, Convert.ToHexString(hash.GetHashAndReset()));
    }
}
