using Tunnel.Shared.Hosting;

namespace Tunnel.Shared.UnitTests.Hosting;

public sealed class ProblemDetailsTests
{
    [Theory]
    [InlineData("""{"errors":[{"path":"$.id","value":"x","message":"is missing"}]}""", "$.id = x: is missing")]
    [InlineData("""{"title":"no"}""", "no")]
    [InlineData("no JSON", "the service answered with HTTP status 400")]
    [InlineData("""{"errors":[{"message":"\ud800"}]}""", "the service answered with HTTP status 400")]
    [InlineData("""{"errors":{"\ud800":["x"]}}""", "the service answered with HTTP status 400")]
    public void Whatever_was_answered_there_is_an_error_to_show(string body, string shown) =>
        Assert.Equal([shown], ProblemDetails.ReadErrors(400, body, path => path));
}
