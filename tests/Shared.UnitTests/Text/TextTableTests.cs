using Tunnel.Shared.Text;

namespace Tunnel.Shared.UnitTests.Text;

public sealed class TextTableTests
{
    [Fact]
    public async Task Columns_are_as_wide_as_their_widest_cell() =>
        Assert.Equal(["ID   PORTS", "vps  80,443"], await WriteAsync(null, ["ID", "PORTS"], ["vps", "80,443"]));

    [Fact]
    public async Task What_a_terminal_has_no_room_for_is_folded_behind_a_comma()
    {
        var lines = await WriteAsync(24, ["ID", "PORTS"], ["vps", "80,443,8000-8010,9000-9010"]);
        Assert.Equal(["ID   PORTS", "vps  80,443,8000-8010,", "     9000-9010"], lines);
        Assert.All(lines, line => Assert.True(line.Length <= 24));
    }

    [Fact]
    public async Task Where_folding_is_of_no_help_each_row_is_a_list_without_what_there_is_nothing_to_say_of() => Assert.Equal(
        ["ID vps", "  FROM   192.0.2.1:4711", "  PORTS  80,443", "ID home"],
        await WriteAsync(20, ["ID", "FROM", "PORTS"], ["vps", "192.0.2.1:4711", "80,443"], ["home", "-", "-"]));

    [Theory]
    [InlineData(null, "xterm", true)]
    [InlineData("", "xterm", true)]
    [InlineData("1", "xterm", false)]
    [InlineData(null, "dumb", false)]
    [InlineData(null, null, false)]
    public void Colours_are_for_terminals_that_have_them_and_people_who_want_them(string? noColour, string? terminal, bool wanted) =>
        Assert.Equal(wanted, Terminal.WantsColours(name => name == "NO_COLOR" ? noColour : terminal));

    [Fact]
    public void A_writer_that_is_no_terminal_gets_neither_colours_nor_folds()
    {
        using var output = new StringWriter();
        Assert.Equal(Terminal.None, Terminal.Of(output));
        Assert.Equal("FAILED", Terminal.None.Alarm("FAILED"));
        Assert.Equal("\u001b[31mFAILED\u001b[0m", new Terminal(80, true).Alarm("FAILED"));
    }

    private static async Task<string[]> WriteAsync(int? width, string[] header, params string[][] rows)
    {
        var table = new TextTable(header);
        foreach (var row in rows)
            table.Add(row);
        using var output = new StringWriter { NewLine = "\n" };
        await table.WriteAsync(output, width);
        return output.ToString().TrimEnd('\n').Split('\n');
    }
}
