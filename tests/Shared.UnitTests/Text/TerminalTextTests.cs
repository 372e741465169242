using Tunnel.Shared.Text;

namespace Tunnel.Shared.UnitTests.Text;

public sealed class TerminalTextTests
{
    [Theory]
    [InlineData("address in use: tcp/443 → “ß” 端口 😀", "address in use: tcp/443 → “ß” 端口 😀")]
    [InlineData("", "")]
    [InlineData("\u001b[2J\u001b]0;title\u0007", @"\u001b[2J\u001b]0;title\u0007")]
    [InlineData("a\r\nedge-2 is fine\tb", @"a\u000d\u000aedge-2 is fine\u0009b")]
    [InlineData("\u009b31m\u007f\0", @"\u009b31m\u007f\u0000")]
    [InlineData("\u202etxt\u2066\u2028\u2029\u200b", @"\u202etxt\u2066\u2028\u2029\u200b")]
    [InlineData("\U000e0041", @"\U000e0041")]
    public void Nothing_of_it_steers_a_terminal(string line, string shown) => Assert.Equal(shown, TerminalText.Escape(line));

    [Fact]
    public void Half_a_character_is_replaced() => Assert.Equal("a\ufffdb\\u0007", TerminalText.Escape("a\ud800b\u0007"));

    [Fact]
    public async Task A_message_keeps_its_own_lines()
    {
        using var output = new StringWriter { NewLine = "\n" };
        await output.WriteMessageAsync("2 errors:\n  a\u001b");
        Assert.Equal("2 errors:\n  a\\u001b\n", output.ToString());
    }
}
