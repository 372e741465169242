using System.Net.Sockets;
using Tunnel.Shared.Sockets;

namespace Tunnel.Shared.Transport.Proxies;

/// <summary>
/// Asks a proxy for a connection. Not one byte beyond the proxy's answer is read, because what follows belongs to the connection: the peer
/// may speak first.
/// </summary>
internal sealed class ProxyHandshake
{
    private const string Broken = "closed the connection without an answer";

    private readonly LoopSocket _socket;
    private readonly ProxyHop _hop;
    private readonly CancellationToken _cancellation;

    private ProxyHandshake(LoopSocket socket, ProxyHop hop, CancellationToken cancellation) =>
        (_socket, _hop, _cancellation) = (socket, hop, cancellation);

    /// <summary>Asks for the connection on a socket that is connected to the proxy, and stays the caller's.</summary>
    /// <returns>What is wrong, to be read after "the proxy"; null when the connection is there.</returns>
    public static async Task<string?> AskAsync(Socket socket, ProxyHop hop, CancellationToken cancellationToken)
    {
        var watched = new LoopSocket(socket) { UsesPool = true };
        try
        {
            var handshake = new ProxyHandshake(watched, hop, cancellationToken);
            return await (hop.Server.Kind == ProxyKind.Http ? handshake.AskHttpAsync() : handshake.AskSocksAsync());
        }
        finally
        {
            watched.Detach();
        }
    }

    private async Task<string?> AskHttpAsync()
    {
        if (!await _socket.SendAllAsync(HttpConnect.Request(_hop)))
            return Broken;
        var answer = new byte[HttpConnect.MaxAnswer];
        for (var length = 0; length < answer.Length;)
        {
            if (!await FillAsync(answer.AsMemory(length, 1)))
                return Broken;
            length++;
            if (!HttpConnect.IsBeginning(answer.AsSpan(0, length)) || HttpConnect.IsWhole(answer.AsSpan(0, length)))
                return HttpConnect.FaultOf(answer.AsSpan(0, length), _hop.Server.User is not null);
        }

        return $"answers with more than {HttpConnect.MaxAnswer} bytes";
    }

    private async Task<string?> AskSocksAsync()
    {
        var server = _hop.Server;
        var answer = new byte[Socks5.MaxReply];
        var brief = answer.AsMemory(0, Socks5.ShortAnswer);
        if (!await _socket.SendAllAsync(Socks5.Greeting(server)) || !await FillAsync(brief))
            return Broken;
        if (Socks5.FaultOfMethod(brief.Span, server, out var asksForUser) is { } method)
            return method;
        if (asksForUser)
        {
            // Some proxies close the connection instead of saying no.
            if (!await _socket.SendAllAsync(Socks5.Credentials(server)) || !await FillAsync(brief))
                return "closed the connection when it was told user and password: are they right?";
            if (Socks5.FaultOfUser(brief.Span) is { } user)
                return user;
        }

        if (!await _socket.SendAllAsync(Socks5.Request(_hop)) || !await FillAsync(brief))
            return Broken;
        if (Socks5.FaultOfReply(brief.Span) is { } reply)
            return reply;
        if (!await FillAsync(answer.AsMemory(Socks5.ShortAnswer, Socks5.ReplyStart - Socks5.ShortAnswer)))
            return Broken;
        if (Socks5.LengthOfReply(answer.AsSpan(0, Socks5.ReplyStart)) is not { } length)
            return "answers something that is not SOCKS5";
        return await FillAsync(answer.AsMemory(Socks5.ReplyStart, length - Socks5.ReplyStart)) ? null : Broken;
    }

    /// <returns>False when the connection ended before.</returns>
    private async ValueTask<bool> FillAsync(Memory<byte> buffer)
    {
        while (buffer.Length > 0)
        {
            var count = _socket.Receive(buffer.Span);
            if (count == NativeSocket.WouldBlock)
                await _socket.WaitReadableAsync(_cancellation);
            else if (count <= 0)
                return false;
            else
                buffer = buffer[count..];
        }

        return true;
    }
}
