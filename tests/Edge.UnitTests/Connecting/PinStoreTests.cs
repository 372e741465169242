using System.Collections.Immutable;
using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Edge.Connecting;

namespace Tunnel.Edge.UnitTests.Connecting;

public sealed class PinStoreTests : IDisposable
{
    private static readonly string First = new('A', 43);
    private static readonly string Second = new string('B', 42) + "A";
    private static readonly string Third = new string('C', 42) + "A";

    private readonly string _directory = Directory.CreateTempSubdirectory("pins").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void Announced_pins_add_to_the_tokens_and_outlive_the_process()
    {
        var store = Open(First);
        store.Announce([First, Second]);
        Assert.Equal([First, Second], store.Current);
        Assert.Equal([First, Second], Open(First).Current);
        Assert.Single(Directory.GetFiles(_directory));
    }

    [Fact]
    public void A_later_announcement_replaces_the_one_before()
    {
        var store = Open(First);
        store.Announce([Second]);
        store.Announce([Third]);
        Assert.Equal([First, Third], Open(First).Current);
    }

    [Fact]
    public void Another_token_forgets_them()
    {
        Open(First).Announce([Second]);
        Assert.Equal([Third], Open(Third).Current);
    }

    [Fact]
    public void Without_pins_in_the_token_an_announcement_binds_to_nothing()
    {
        var store = Open();
        store.Announce([Second]);
        Assert.Empty(store.Current);
    }

    [Fact]
    public void What_is_not_a_pin_is_ignored()
    {
        var store = Open(First);
        store.Announce(["nonsense", Second]);
        Assert.Equal([First, Second], store.Current);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("{}")]
    [InlineData("""{"configured":null,"announced":[1]}""")]
    public void A_damaged_file_is_survived(string content)
    {
        File.WriteAllText(Path.Combine(_directory, PinStore.FileName), content);
        Assert.Equal([First], Open(First).Current);
    }

    [Fact]
    public void A_pin_that_is_null_in_the_file_is_ignored()
    {
        File.WriteAllText(
            Path.Combine(_directory, PinStore.FileName), $$"""{"configured":["{{First}}"],"announced":[null,"{{Second}}"]}""");
        Assert.Equal([First, Second], Open(First).Current);
    }

    private PinStore Open(params string[] configured) => new(_directory, ImmutableArray.Create(configured), NullLogger.Instance);
}
