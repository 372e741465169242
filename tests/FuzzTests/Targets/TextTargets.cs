using System.Net;
using Tunnel.Edge.Firewall;
using Tunnel.Shared.Hosting;
using Tunnel.Shared.Hosting.Logging;
using Tunnel.Shared.Text;

namespace Tunnel.FuzzTests.Targets;

/// <summary>Texts that others wrote: answers of nft and of a service, lines for a log or a terminal.</summary>
internal static class TextTargets
{
    public static IReadOnlyList<byte[]> NftSeeds { get; } = Words.Of(
        """{"nftables": [{"metainfo": {"version": "1.0.6", "release_name": "x", "json_schema_version": 1}}, {"table": {"family": "inet", "name": "tunnel_edge", "handle": 1}}]}""",
        """{"nftables": [{"chain": {"family": "inet", "table": "tunnel_edge", "name": "owner_0123456789ab_1_00ff", "handle": 1}}, {"chain": {"family": "inet", "table": "tunnel_edge", "name": "input", "type": "filter", "hook": "input", "prio": 0}}]}""");

    public static IReadOnlyList<byte[]> ProblemSeeds { get; } = Words.Of(
        """{"type":"about:blank","title":"Bad Request","status":400,"detail":"x","errors":[{"path":"$.edges[0].id","value":"\"\"","message":"is missing"}]}""",
        """{"title":"t","errors":{"a":["b","c"],"d":"e"}}""", """{"errors":["x",{"pointer":"/a","detail":"d"}]}""");

    public static IReadOnlyList<byte[]> LogSeeds { get; } = Words.Of(
        "192.0.2.7:443 connected from 2001:db8::1, [::ffff:192.0.2.7]:1", "edge \u001b[31mred\u001b[0m \u202e left", "2001:db8::1: refused",
        "1:2:3:4:5:6:7:8 12:34:56 ::");

    public static bool RunNft(ReadOnlySpan<byte> input)
    {
        var text = Words.Text(input);
        var chains = NftListing.Chains(text);
        foreach (var (_, name) in chains)
            _ = NftOwner.Parse(name);
        return chains.Count + NftListing.Tables(text).Count > 0;
    }

    public static bool RunProblem(ReadOnlySpan<byte> input)
    {
        var errors = ProblemDetails.ReadErrors(400, Words.Text(input), static path => path);
        Check.That(errors.Count > 0, "there is something to tell");
        return !errors[0].StartsWith("the service answered", StringComparison.Ordinal);
    }

    public static bool RunLogText(ReadOnlySpan<byte> input)
    {
        var text = Words.Text(input);
        var masked = AddressMask.Apply(text);
        foreach (var (before, after) in text.Split(' ').Zip(masked.Split(' ')))
            Check.That(before != after || !IsWholeAddress(after), "no address is left whole");
        var escaped = TerminalText.Escape(text);
        foreach (var letter in escaped)
            Check.That(!char.IsControl(letter), "a terminal gets no control characters");
        return masked != text || escaped != text;
    }

    // The words are addresses as programs write them, with something where the mask has nothing. IPv4 keeps 24 bits, also at the end of
    // IPv6.
    private static bool IsWholeAddress(string word)
    {
        if (word.EndsWith(':') && !word.EndsWith("::", StringComparison.Ordinal))
            word = word[..^1];
        if (!IPAddress.TryParse(word, out var address) || address.ToString() != word)
            return false;
        var bytes = address.GetAddressBytes();
        return bytes.Length == 4
            || !bytes.AsSpan(0, 10).ContainsAnyExcept((byte)0) ? bytes[^1] != 0 : bytes.AsSpan(6).ContainsAnyExcept((byte)0);
    }
}
