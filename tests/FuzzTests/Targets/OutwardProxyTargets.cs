using System.Text;
using Tunnel.Shared.Transport.Proxies;

namespace Tunnel.FuzzTests.Targets;

/// <summary>Reads the answers of the proxies that tunnels go out through, and their names as operators write them.</summary>
internal static class OutwardProxyTargets
{
    private const string Password = "s3cr3t-s3cr3t-s3cr3t";

    private static readonly ProxyServer Proxy = new(ProxyKind.Socks5, "proxy.example", 1080) { User = "me", Password = Password };

    public static IReadOnlyList<byte[]> HttpSeeds { get; } = Words.Of(
        "HTTP/1.1 200 Connection established\r\n\r\n",
        "HTTP/1.0 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"x\"\r\n\r\n", "HTTP/1.1 503\n\n");

    public static IReadOnlyList<byte[]> SocksSeeds { get; } =
    [
        [5, 0], [5, 2], [5, 255], [5, 0, 0, 1, 10, 0, 0, 1, 0, 80], [5, 0, 0, 3, 2, 97, 98, 0, 80],
        [5, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 80],
    ];

    public static IReadOnlyList<byte[]> UrlSeeds { get; } = Words.Of(
        "http://proxy.example:3128", $"socks5://me:{Password}@[2001:db8::1]:1080/", "proxy:8080", "socks5h://192.0.2.1",
        "http://me:%40%3A@a.b");

    public static bool RunHttp(ReadOnlySpan<byte> input)
    {
        var isAnswer = HttpConnect.IsWhole(input) && HttpConnect.IsBeginning(input);
        if (isAnswer)
        {
            for (var length = 0; length < input.Length; length++)
                Check.That(HttpConnect.IsBeginning(input[..length]), "what begins an answer begins as one");
        }

        if (HttpConnect.FaultOf(input, hasUser: true) is { } fault)
            Check.IsErrorText(fault);
        // A refusal is an answer too.
        return isAnswer;
    }

    public static bool RunSocks(ReadOnlySpan<byte> input)
    {
        foreach (var fault in (string?[])[Socks5.FaultOfMethod(input, Proxy, out _), Socks5.FaultOfUser(input), Socks5.FaultOfReply(input)])
        {
            if (fault is not null)
                Check.IsErrorText(fault);
        }

        if (input.Length == Socks5.ShortAnswer)
            return input[0] == 5;
        if (input.Length < Socks5.ReplyStart || Socks5.LengthOfReply(input[..Socks5.ReplyStart]) is not { } length)
            return false;
        Check.That(length is >= Socks5.ReplyStart and <= Socks5.MaxReply, "a reply fits into its buffer");
        return true;
    }

    public static bool RunUrl(ReadOnlySpan<byte> input)
    {
        var text = Words.Text(input);
        Check.That(
            !NoProxyList.Parse(text).Contains("hub.invalid") || text.Contains('*', StringComparison.Ordinal)
                || text.Contains("invalid", StringComparison.OrdinalIgnoreCase),
            "a host is in a list that names it");
        if (!ProxyServer.TryParse(text, out var proxy))
            return false;
        Check.That(
            proxy.Password is not Password || !proxy.ToString().Contains(Password, StringComparison.Ordinal), "the password is not shown");
        Check.That(ProxyServer.TryParse(proxy.ToString(), out var again), "what was written is read");
        Check.Equal(proxy with { User = null, Password = null }, again, "a proxy");
        var hop = new ProxyHop(proxy, proxy.Host, proxy.Port);
        Check.That(
            Encoding.ASCII.GetString(HttpConnect.Request(hop)).Split("\r\n").Length == (proxy.User is null ? 4 : 5),
            "a request has the lines that we wrote");
        _ = Socks5.Request(hop);
        if (proxy.User is not null)
            _ = Socks5.Credentials(proxy);
        return true;
    }
}
