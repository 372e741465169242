using System.Net.Sockets;
using System.Security.Cryptography;

namespace Tunnel.FunctionalTests.Harness;

/// <summary>Transfers of bytes that follow from a seed, of which both ends know length and hash.</summary>
public static class HashedTransfer
{
    private const int PieceSize = 64 << 10;

    private static readonly byte[] Noise = MakeNoise();

    // On a busy machine the handshake of the next connection may take several tries, and all transfers wait for it.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    /// <summary>Sends until it is told to stop, and then the end.</summary>
    public static async Task<(long Bytes, string Hash)> SendUntilAsync(Socket socket, int seed, CancellationToken enough)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var random = new Random(seed);
        long sent = 0;
        while (!enough.IsCancellationRequested)
        {
            var piece = Noise.AsMemory(random.Next(Noise.Length - PieceSize), PieceSize);
            await socket.SendAllAsync(piece, Patience);
            hash.AppendData(piece.Span);
            sent += piece.Length;

            // As long as the kernel takes what comes, nothing here waits; a test has more transfers than threads, and its relay is in this
            // process too.
            await Task.Yield();
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

    private static byte[] MakeNoise()
    {
        var noise = new byte[1 << 20];
        new Random(1).NextBytes(noise);
        return noise;
    }
}
