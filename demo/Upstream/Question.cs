using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Tunnel.Demo.Upstream;

/// <summary>One datagram to a UDP server, from an address of the caller's choice, and its answer.</summary>
internal static class Question
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    /// <exception cref="SocketException">The address is not this machine's, or nobody listens.</exception>
    /// <exception cref="OperationCanceledException">There was no answer within five seconds.</exception>
    public static async Task<string> AskAsync(IPAddress from, IPEndPoint server, string text)
    {
        using var client = new UdpClient(new IPEndPoint(from, 0));
        using var limit = new CancellationTokenSource(Limit);
        client.Connect(server);
        await client.SendAsync(Encoding.UTF8.GetBytes(text), limit.Token);
        return Encoding.UTF8.GetString((await client.ReceiveAsync(limit.Token)).Buffer);
    }
}
