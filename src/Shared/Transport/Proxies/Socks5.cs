using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Tunnel.Shared.Transport.Proxies;

/// <summary>
/// Writes what is said to a SOCKS proxy and reads its answers (RFC 1928; user and password: RFC 1929). Pure; accepts any input.
/// </summary>
internal static class Socks5
{
    /// <summary>The most bytes of an answer to a request: one that names a host of 255 characters.</summary>
    public const int MaxReply = 7 + byte.MaxValue;

    /// <summary>The bytes of an answer about the method, and of one about the user.</summary>
    public const int ShortAnswer = 2;

    /// <summary>The bytes of a reply that say how long it is.</summary>
    public const int ReplyStart = 5;

    private const byte Version = 5;
    private const byte UserVersion = 1;
    private const byte NoUser = 0;
    private const byte UserAndPassword = 2;
    private const byte Connect = 1;
    private const byte IPv4 = 1;
    private const byte Name = 3;
    private const byte IPv6 = 4;

    /// <summary>Writes the methods that this side offers.</summary>
    public static byte[] Greeting(ProxyServer server) =>
        server.User is null ? [Version, 1, NoUser] : [Version, 2, NoUser, UserAndPassword];

    /// <summary>Returns what is wrong with the choice of a method, after "the proxy"; null when it can go on.</summary>
    public static string? FaultOfMethod(ReadOnlySpan<byte> answer, ProxyServer server, out bool asksForUser)
    {
        asksForUser = answer is [Version, UserAndPassword];
        return answer switch
        {
            [Version, NoUser] => null,
            [Version, UserAndPassword] when server.User is not null => null,
            [Version, _] when server.User is null =>
                "asks for a user and a password: write them into its URL, as socks5://USER:PASSWORD@HOST:PORT",
            [Version, _] => "takes neither a user with a password nor none",
            _ => "answers something that is not SOCKS5: is it a SOCKS5 proxy?",
        };
    }

    /// <summary>Writes user and password.</summary>
    public static byte[] Credentials(ProxyServer server)
    {
        var (user, password) = (Encoding.UTF8.GetBytes(server.User!), Encoding.UTF8.GetBytes(server.Password!));
        return [UserVersion, (byte)user.Length, .. user, (byte)password.Length, .. password];
    }

    /// <summary>Returns what is wrong with the answer about the user, after "the proxy".</summary>
    public static string? FaultOfUser(ReadOnlySpan<byte> answer) => answer is [_, 0] ? null : "refuses this user and password";

    /// <summary>Writes the request for a connection.</summary>
    public static byte[] Request(ProxyHop hop)
    {
        Span<byte> port = stackalloc byte[sizeof(ushort)];
        BinaryPrimitives.WriteUInt16BigEndian(port, (ushort)hop.Port);
        byte[] address;
        if (IPAddress.TryParse(hop.Host, out var literal))
            address = [literal.AddressFamily == AddressFamily.InterNetwork ? IPv4 : IPv6, .. literal.GetAddressBytes()];
        else
            address = [Name, (byte)hop.Host.Length, .. Encoding.ASCII.GetBytes(hop.Host)];
        return [Version, Connect, 0, .. address, .. port];
    }

    /// <summary>Returns what is wrong with the first two bytes of a reply, after "the proxy".</summary>
    public static string? FaultOfReply(ReadOnlySpan<byte> start) => start switch
    {
        [Version, 0] => null,
        [Version, 2] => "does not allow this connection: ask whoever runs it to allow this host and port",
        [Version, 3] => "finds no way to the network",
        [Version, 4] => "can't reach the host, or does not know its name",
        [Version, 5] => "was refused by the host",
        [Version, 6] => "got no answer from the host in time",
        [Version, 7] => "makes no connections, only other things",
        [Version, 8] => "does not take this kind of address",
        [Version, var code] => $"reports a failure ({code})",
        _ => "answers something that is not SOCKS5",
    };

    /// <summary>Returns the length of a reply by its first five bytes; null when they begin no reply.</summary>
    public static int? LengthOfReply(ReadOnlySpan<byte> start) => start switch
    {
        [Version, _, _, IPv4, _] => 10,
        [Version, _, _, IPv6, _] => 22,
        [Version, _, _, Name, var length] => 7 + length,
        _ => null,
    };
}
