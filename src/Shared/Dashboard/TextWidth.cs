using System.Globalization;
using System.Text;

namespace Tunnel.Shared.Dashboard;

/// <summary>How many columns of a terminal a text takes, as far as wide (East Asian) and combining characters go.</summary>
public static class TextWidth
{
    /// <summary>The columns of a text.</summary>
    public static int Of(string text) => text.EnumerateRunes().Sum(Of);

    /// <summary>Cuts a text to a number of columns; one that was cut ends with an ellipsis.</summary>
    public static string Cut(string text, int width)
    {
        if (Of(text) <= width)
            return text;
        var (cut, left) = (new StringBuilder(), width - 1);
        foreach (var rune in text.EnumerateRunes())
        {
            left -= Of(rune);
            if (left < 0)
                break;
            cut.Append(rune.ToString());
        }

        return width > 0 ? cut.Append('…').ToString() : "";
    }

    private static int Of(Rune rune) => rune.Value switch
    {
        < 0x300 => 1,
        (>= 0x1100 and <= 0x115F) or (>= 0x2E80 and <= 0xA4CF) or (>= 0xAC00 and <= 0xD7A3) or (>= 0xF900 and <= 0xFAFF)
            or (>= 0xFE30 and <= 0xFE6F) or (>= 0xFF00 and <= 0xFF60) or (>= 0x1F300 and <= 0x1FAFF) or (>= 0x20000 and <= 0x3FFFD) => 2,
        _ => Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark ? 0 : 1,
    };
}
