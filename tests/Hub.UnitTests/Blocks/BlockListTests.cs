using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Hub.Blocks;
using Tunnel.Hub.UnitTests.Fakes;
using Tunnel.Shared.Hosting;
using Tunnel.Shared.Protocol.Addresses;
using Tunnel.TestUtilities;

namespace Tunnel.Hub.UnitTests.Blocks;

public sealed class BlockListTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly ManualTimeProvider _time = new();
    private readonly FaultyFiles _files = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_block_counts_down_ends_by_itself_and_survives_a_restart()
    {
        await BlockAsync(Open(), "192.0.2.7", 60);
        _time.Advance(TimeSpan.FromSeconds(20.5));

        var again = Open();
        Assert.Equal(("192.0.2.7", 40), Left(again, "any"));
        _time.Advance(TimeSpan.FromSeconds(40));
        Assert.Empty(again.Current);
        Assert.Empty(((ITimedBlocks)again).For("any"));
        Assert.Empty(Open().Current);
    }

    [Fact]
    public async Task A_block_is_for_the_edges_that_it_names()
    {
        var blocks = Open();
        await BlockAsync(blocks, "192.0.2.7", 60, "a", "b");
        Assert.Equal(("192.0.2.7", 60), Left(Open(), "b"));
        Assert.Empty(((ITimedBlocks)blocks).For("c"));
    }

    [Fact]
    public async Task Blocking_again_replaces_and_tells_the_edges_of_both()
    {
        var blocks = Open();
        var told = new List<Block>();
        ((ITimedBlocks)blocks).Changed += told.Add;
        await BlockAsync(blocks, "192.0.2.7", 60, "a");
        await BlockAsync(blocks, "192.0.2.7", 600, "b");

        Assert.Equal(("192.0.2.7", 600), Left(blocks, "b"));
        Assert.Empty(((ITimedBlocks)blocks).For("a"));
        Assert.True(told[1].AppliesTo("a") && told[1].AppliesTo("b"));
        Assert.Equal(2, ((ITimedBlocks)blocks).Version);
    }

    [Fact]
    public async Task Lifting_ends_a_block_and_of_none_is_none()
    {
        var blocks = Open();
        await BlockAsync(blocks, "2001:db8::/32", 60);
        Assert.NotNull(await blocks.RemoveAsync(Range("2001:DB8:0::/32"), CancellationToken.None));
        Assert.Null(await blocks.RemoveAsync(Range("2001:db8::/32"), CancellationToken.None));
        Assert.Empty(Open().Current);
    }

    [Theory]
    [InlineData("write")]
    [InlineData("rename")]
    public async Task What_could_not_be_written_is_not_in_force(string step)
    {
        var blocks = Open();
        await BlockAsync(blocks, "192.0.2.7", 60);
        _files.FailAt = step;
        await Assert.ThrowsAsync<OperatorException>(() => BlockAsync(blocks, "192.0.2.8", 60));
        _files.FailAt = null;
        Assert.Equal(["192.0.2.7"], blocks.Current.Select(block => block.Ip));
        Assert.Equal(["192.0.2.7"], Open().Current.Select(block => block.Ip));
    }

    [Theory]
    [InlineData("{")]
    [InlineData("{}")]
    [InlineData("""{"version":2,"blocks":[]}""")]
    public async Task A_damaged_file_is_kept_and_the_hub_starts(string content)
    {
        Directory.CreateDirectory(_directory.File("state"));
        await File.WriteAllTextAsync(Path.Combine(_directory.File("state"), "blocks.json"), content);
        Assert.Empty(Open().Current);
        Assert.Equal(content, await File.ReadAllTextAsync(Path.Combine(_directory.File("state"), "blocks.json.damaged")));
    }

    [Theory]
    [InlineData("null")]
    [InlineData("""{"ip":null,"edges":[],"since":"2025-01-01T12:00:00Z","until":"2035-01-01T12:00:00Z"}""")]
    [InlineData("""{"ip":"192.0.2.7","since":"2025-01-01T12:00:00Z","until":"2035-01-01T12:00:00Z"}""")]
    public async Task A_spoilt_block_is_left_out_and_the_others_stay(string block)
    {
        Directory.CreateDirectory(_directory.File("state"));
        var whole = """{"ip":"192.0.2.8","edges":[],"since":"2025-01-01T12:00:00Z","until":"2035-01-01T12:00:00Z"}""";
        await File.WriteAllTextAsync(
            Path.Combine(_directory.File("state"), "blocks.json"), $$"""{"version":1,"blocks":[{{block}},{{whole}}]}""");
        Assert.Equal("192.0.2.8", Assert.Single(Open().Current).Ip);
    }

    [Theory]
    [InlineData("127.0.0.1", "loopback")]
    [InlineData("0.0.0.0/0", "loopback")]
    [InlineData("::/0", "loopback")]
    [InlineData("192.0.2.200", "address of this hub")]
    [InlineData("192.0.2.0/24", "address of this hub")]
    [InlineData("198.51.100.77", "neverBlock")]
    [InlineData("203.0.113.8/29", "adminAllowCidrs")]
    [InlineData("2001:db8:5:7::/64", "adminAllowCidrs")]
    [InlineData("2001:db8::/48", "address of this hub")]
    public void Some_are_never_blocked(string source, string why)
    {
        var never = new NeverBlocked(
            [Range("198.51.100.0/24")], [IPNetwork.Parse("203.0.113.0/28"), IPNetwork.Parse("2001:db8:5::/48")],
            () => [IPAddress.Parse("192.0.2.200"), IPAddress.Parse("2001:db8::200")]);
        Assert.Contains(why, never.Objection(Range(source)), StringComparison.Ordinal);
        Assert.Null(never.Objection(Range("192.0.2.7")));
    }

    private static IpRange Range(string text) =>
        IpRange.TryParse(text, out var range, out var error) ? range : throw new ArgumentException(error);

    private static (string Ip, int Seconds) Left(ITimedBlocks blocks, string edge)
    {
        var block = Assert.Single(blocks.For(edge));
        return (block.Source.ToString(), block.Seconds);
    }

    private static async Task BlockAsync(BlockList blocks, string ip, int seconds, params string[] edges) =>
        Assert.NotNull(await blocks.AddAsync(Range(ip), TimeSpan.FromSeconds(seconds), [.. edges], null, CancellationToken.None));

    private BlockList Open() =>
        BlockList.OpenAsync(BlockFormat.FileIn(_directory.File("state"), _files), _time, NullLogger.Instance, CancellationToken.None)
            .GetAwaiter().GetResult();
}
