using Tunnel.Shared.Text;

namespace Tunnel.Shared.UnitTests.Text;

public sealed class CountTextTests
{
    [Theory]
    [InlineData(0, "0 streams")]
    [InlineData(1, "1 stream")]
    [InlineData(2, "2 streams")]
    [InlineData(1_000, "1000 streams")]
    public void One_thing_has_no_plural(long count, string text) => Assert.Equal(text, CountText.Of(count, "stream"));
}
