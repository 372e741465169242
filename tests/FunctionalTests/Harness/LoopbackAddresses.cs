using System.Net;

namespace Tunnel.FunctionalTests.Harness;

/// <summary>
/// Addresses of 127.0.0.0/8 that no other test has: edge and upstream listen on the same port number at different addresses.
/// </summary>
public static class LoopbackAddresses
{
    private static int _next = Random.Shared.Next(1 << 16, 1 << 23);

    public static IPAddress Next()
    {
        var number = Interlocked.Increment(ref _next);
        return new IPAddress([127, (byte)(number >> 16), (byte)(number >> 8), (byte)((number & 0x7F) + 1)]);
    }
}
