using System.Text;

namespace Tunnel.FuzzTests.Targets;

/// <summary>Seeds and tokens that are text.</summary>
internal static class Words
{
    /// <summary>Text that disturbs a reader of JSON, between any two members.</summary>
    public static IReadOnlyList<byte[]> Json { get; } = Of(
        "{", "}", "[", "]", ",", ":", "\"", "\\", "{}", "[]", "null", "true", "false", "0", "-1", "1e400", "1.5", "9223372036854775808",
        "4294967296", "\"\"", "\"\\ud800\"",
        "\\ud800", "\\u0000", "\\n", "/*", "*/", "//", "{\"\":", "[[[[[[[[", "\"a\":", "é", "\uFEFF", "65536", "0.0", "-0");

    public static byte[][] Of(params string[] words) => [.. words.Select(Encoding.UTF8.GetBytes)];

    /// <summary>The tokens of JSON and the words between quotation marks in the seeds: the members' names.</summary>
    public static IReadOnlyList<byte[]> JsonAnd(IEnumerable<byte[]> seeds, params string[] more)
    {
        var names = seeds.SelectMany(static seed => Encoding.UTF8.GetString(seed).Split('"')).Where(
            static word => word.Length is > 0 and < 40);
        return [.. Json, .. names.Distinct().Select(static name => Encoding.UTF8.GetBytes($"\"{name}\"")), .. Of(more)];
    }

    /// <summary>Returns the input as text: UTF-8, with a replacement character for what is none.</summary>
    public static string Text(ReadOnlySpan<byte> input) => Encoding.UTF8.GetString(input);
}
