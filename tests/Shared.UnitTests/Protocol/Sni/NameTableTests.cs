using Tunnel.Shared.Protocol.Sni;

namespace Tunnel.Shared.UnitTests.Protocol.Sni;

public sealed class NameTableTests
{
    private static readonly NameTable<string> Table = new(
        new[] { "www.example.com", "*.example.com", "*.eu.example.com", "example.org" }.Select(name => KeyValuePair.Create(name, name)));

    [Theory]
    [InlineData("www.example.com", "www.example.com")]
    [InlineData("mail.example.com", "*.example.com")]
    [InlineData("a.b.example.com", "*.example.com")]
    [InlineData("a.eu.example.com", "*.eu.example.com")]
    [InlineData("eu.example.com", "*.example.com")]
    [InlineData("example.com", null)]
    [InlineData("www.example.org", null)]
    [InlineData("com", null)]
    [InlineData(null, null)]
    public void The_name_itself_comes_before_wildcards_and_the_longest_before_others(string? name, string? entry) =>
        Assert.Equal(entry, Table.Find(name));

    [Theory]
    [InlineData("example.com", true)]
    [InlineData("*.example.com", true)]
    [InlineData("*", false)]
    [InlineData("*.", false)]
    [InlineData("www.*.com", false)]
    [InlineData("Example.com", false)]
    [InlineData("example.com.", false)]
    [InlineData("", false)]
    public void Patterns_are_names_or_wildcards(string pattern, bool valid) => Assert.Equal(valid, NameTable.IsPattern(pattern));
}
