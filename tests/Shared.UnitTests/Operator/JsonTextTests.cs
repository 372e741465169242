using System.Text;
using Tunnel.Shared.Operator;

namespace Tunnel.Shared.UnitTests.Operator;

public sealed class JsonTextTests
{
    [Theory]
    [InlineData("{\"a\":1,\n \"b\":2,\n  \"a\":3}", "$.a is given twice; keep one of the two at line 3, byte 3")]
    [InlineData(
        "[{},{\"ports\":{\"tcp/443\":{},\"tcp/443\":{}}}]", "$[1].ports['tcp/443'] is given twice; keep one of the two at line 1, byte 28")]
    [InlineData("{\"a\":1,\"\\u0061\":2}", "$.a is given twice; keep one of the two at line 1, byte 8")]
    [InlineData("{\"a\":\n1,,}", "is not valid JSON at line 2, byte 3")]
    [InlineData("", "is not valid JSON at line 1, byte 1")]
    [InlineData("{} {}", "is not valid JSON at line 1, byte 4")]
    [InlineData("[\"x\", \"\\ud800\"]", "$[1] is text that is not UTF-8, or has half of a surrogate pair at line 1, byte 7")]
    [InlineData("{\"a\":\"\\udc00\\ud800\"}", "$.a is text that is not UTF-8, or has half of a surrogate pair at line 1, byte 6")]
    [InlineData("{\"a\":{\"\\ud800\":1}}", "$.a has a name that is not UTF-8, or half of a surrogate pair at line 1, byte 7")]
    public void A_fault_has_its_path_and_its_place(string text, string expected)
    {
        Assert.Null(JsonText.Parse(Encoding.UTF8.GetBytes(text), out var faults));
        Assert.Equal(expected, Assert.Single(faults).ToString());
    }

    [Fact]
    public void Bytes_that_are_no_UTF_8_are_a_fault()
    {
        Assert.Null(
            JsonText.Parse("{\"a\":\"\xFF\"}"u8.ToArray().Select(b => b is 0xC3 or 0xBF ? (byte)0xFF : b).ToArray(), out var faults));
        Assert.Contains("$.a is text that is not UTF-8", Assert.Single(faults).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void All_members_given_twice_come_at_once_up_to_a_limit()
    {
        JsonText.Parse(Encoding.UTF8.GetBytes("""{"a":1,"b":{"c":1,"c":2},"a":2}"""), out var faults);
        Assert.Equal(["$.b.c", "$.a"], faults.Select(fault => fault.Path));

        JsonText.Parse(Encoding.UTF8.GetBytes($$"""{{{string.Join(',', Enumerable.Repeat("\"a\":1", 1000))}}}"""), out faults);
        Assert.Equal(20, faults.Length);
    }

    [Fact]
    public void More_members_than_any_object_has_end_the_reading()
    {
        var text = Encoding.UTF8.GetBytes($$"""{{{string.Join(',', Enumerable.Range(0, 50_000).Select(i => $"\"{i}\":1"))}}}""");
        Assert.Null(JsonText.Parse(text, out var faults));
        Assert.Contains("more than 10000 members", Assert.Single(faults).Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Comments_commas_at_the_end_and_the_same_name_in_other_objects_are_taken()
    {
        using var document = JsonText.Parse("[{\"a\":\"\\ud83d\\ude00\"}, /* two */ {\"a\":\"ä\"},] // end"u8.ToArray(), out var faults);
        Assert.Empty(faults);
        Assert.Equal("\U0001F600", document!.RootElement[0].GetProperty("a").GetString());
    }
}
