using Tunnel.Shared.Dashboard;

namespace Tunnel.Shared.UnitTests.Dashboard;

/// <summary>Lines, lists and the screen of a dashboard are tested without a terminal.</summary>
public sealed class DashboardTests
{
    [Fact]
    public void A_piece_takes_its_width_whatever_it_holds()
    {
        Assert.Equal("abc  |", new Row().Add("abc", 5).Add("|").Draw(80, false));
        Assert.Equal("  abc|", new Row().Add("abc", 5, toRight: true).Add("|").Draw(80, false));
        Assert.Equal("abcd…|", new Row().Add("abcdefg", 5).Add("|").Draw(80, false));
        Assert.Equal("日本…|", new Row().Add("日本語の名前", 5).Add("|").Draw(80, false));
        Assert.Equal("e\u0301 |", new Row().Add("e\u0301", 2).Add("|").Draw(80, false));
        Assert.Equal("abcde…", new Row().Add("abc").Add("defgh").Draw(6, false));
    }

    [Fact]
    public void Text_of_others_can_not_steer_the_terminal()
    {
        var line = new Row().Add("\e]0;owned\a\e[2Jx\u202e\nnext", 60).Draw(80, colours: false);
        Assert.DoesNotContain(line, letter => char.IsControl(letter) || letter == '\u202e');
        Assert.StartsWith(@"\u001b]0;owned\u0007\u001b[2Jx\u202e\u000anext", line, StringComparison.Ordinal);
    }

    [Fact]
    public void Colours_are_only_there_when_wanted_and_the_chosen_line_has_a_mark_without_them()
    {
        Assert.Equal("\e[1;31mbad\e[0m", new Row().Add("bad", Ink.Bad).Draw(80, colours: true));
        Assert.Equal("bad", new Row().Add("bad", Ink.Bad).Draw(80, colours: false));
        Assert.Equal("> x", new Row { IsChosen = true }.Add(" ").Add(" x").Draw(3, colours: false));
        Assert.Equal("\e[7m x\e[0m\e[7m  \e[0m", new Row { IsChosen = true }.Add(" x").Draw(4, colours: true));
    }

    [Theory]
    [InlineData(8, "▁▂▃▄▅▆▇█")]
    [InlineData(10, "  ▁▂▃▄▅▆▇█")]
    [InlineData(4, "▂▄▆█")]
    [InlineData(0, "")]
    public void A_sparkline_has_its_width_and_keeps_peaks(int width, string expected) =>
        Assert.Equal(expected, Sparkline.Draw([0, 1, 2, 3, 4, 5, 6, 7], width));

    [Fact]
    public void A_sparkline_of_nothing_is_flat()
    {
        Assert.Equal("    ", Sparkline.Draw([], 4));
        Assert.Equal("  ▁▁", Sparkline.Draw([0, 0], 4));
    }

    [Fact]
    public void A_long_list_draws_what_fits_and_follows_the_chosen_line()
    {
        var list = List();
        var items = Enumerable.Range(0, 1000).Select(i => $"item-{i:000}").ToArray();
        Assert.Equal(["NAME", "item-000", "item-001", "item-002"], Draw(list, items, 4));
        list.Move(3);
        Assert.Equal(["NAME", "item-001", "item-002", "item-003"], Draw(list, items, 4));
        list.Move(-1);
        Assert.Equal(["NAME", "item-001", "item-002", "item-003"], Draw(list, items, 4));
        list.Move(5000);
        Assert.Equal(["NAME", "item-997", "item-998", "item-999"], Draw(list, items, 4));
        Assert.Equal("item-999", list.Chosen);

        list.Filter = "ITEM-00";
        Assert.Equal(11, Draw(list, items, 40).Length);
        // The chosen line stays when others come before it.
        list.Filter = "";
        list.Move(0);
        Draw(list, items, 4);
        var chosen = list.Chosen;
        Draw(list, [.. items.Reverse()], 4);
        Assert.Equal(chosen, list.Chosen);
        Assert.Equal(["NAME"], Draw(list, [], 4));
        Assert.Null(list.Chosen);
    }

    [Fact]
    public void A_list_is_sorted_by_one_column_after_the_other()
    {
        var list = List();
        Assert.Null(list.SortedBy);
        list.SortByNext();
        Assert.Equal("NAME", list.SortedBy);
        Assert.Equal(["NAME▾", "c", "b", "a"], Draw(list, ["a", "c", "b"], 9));
        list.SortByNext();
        Assert.Null(list.SortedBy);
    }

    [Fact]
    public void Columns_of_high_rank_go_first_where_there_is_no_room()
    {
        var list = new ItemList<string>(
            [
                new("NAME", 6, (item, _) => (item, Ink.Plain)), new("MUCH", 20, (_, _) => ("much", Ink.Plain)) { Rank = 2 },
                new("REST", 0, (_, width) => (new string('x', width), Ink.Plain)) { Rank = 1 },
            ], item => item);
        Assert.Equal(">a       much                  xxxxxxxx", list.Draw(["a"], 41, 5)[1].Draw(80, false).TrimEnd()[..39]);
        Assert.Equal(">a       xxxxxxxxxxxxxxxxxxxx", list.Draw(["a"], 31, 5)[1].Draw(31, false).TrimEnd());
        Assert.Equal(">a", list.Draw(["a"], 12, 5)[1].Draw(12, false).TrimEnd());
    }

    [Fact]
    public void A_column_grows_for_long_names_where_there_is_room()
    {
        var list = new ItemList<string>(
            [
                new("NAME", 6, (item, _) => (item, Ink.Plain)) { Most = 12 },
                new("REST", 0, (_, width) => (new string('x', width), Ink.Plain))], item => item);
        Assert.Equal(">a-long-n…  xxxxxxxx", list.Draw(["a-long-name-and-more"], 22, 5)[1].Draw(22, false).TrimEnd());
        Assert.Equal(">a-long-name…  xxxxxxxxxxxxx", list.Draw(["a-long-name-and-more"], 30, 5)[1].Draw(30, false).TrimEnd());
        Assert.Equal(">short   xxxxxxxxxxxxxxxxxxx", list.Draw(["short"], 30, 5)[1].Draw(30, false).TrimEnd());
    }

    [Fact]
    public void The_screen_writes_what_has_changed_and_leaves_the_terminal_as_it_was()
    {
        using var output = new StringWriter();
        var screen = new TerminalScreen(output, colours: false);
        Assert.Equal("\e[?1049h\e[?25l\e[2J", Taken(output));
        screen.Show([new Row().Add("one"), new Row().Add("two")], 20, 3);
        Assert.Equal("\e[2J\e[1;1Hone\e[K\e[2;1Htwo\e[K\e[3;1H\e[K", Taken(output));
        screen.Show([new Row().Add("one"), new Row().Add("2")], 20, 3);
        Assert.Equal("\e[2;1H2\e[K", Taken(output));
        screen.Show([new Row().Add("one"), new Row().Add("2")], 20, 3);
        Assert.Equal("", Taken(output));
        screen.Dispose();
        screen.Dispose();
        Assert.Equal("\e[?25h\e[?1049l", Taken(output));
    }

    private static string Taken(StringWriter output)
    {
        var text = output.ToString();
        output.GetStringBuilder().Clear();
        return text;
    }

    private static ItemList<string> List() => new(
        [new("NAME", 12, (item, _) => (item, Ink.Plain)) { Sort = (a, b) => string.CompareOrdinal(b, a) }], item => item);

    private static string[] Draw(ItemList<string> list, string[] items, int height) =>
        [.. list.Draw(items, 40, height).Select(row => row.Draw(40, colours: false).TrimStart('>', ' ').TrimEnd())];
}
