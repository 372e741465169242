using System.Collections.Immutable;
using System.Text.Json;
using Tunnel.Shared.Operator;

namespace Tunnel.Shared.UnitTests.Operator;

public sealed class ObjectReaderTests
{
    private static readonly ObjectReader<Thing> Things = new(
        "{\"name\": \"x\"}",
        new("name", (thing, value) => thing with { Name = value.Text() }, Needed: ""),
        new("count", (thing, value) => thing with { Count = value.Integer(1, 9) }, Needed: "is needed: how many"),
        new("password", (thing, value) => thing with { Password = value.Secret() }))
    {
        HidesValue = true,
        Refused = new Dictionary<string, string> { ["later"] = "comes later" },
    };

    [Theory]
    [InlineData("7", "$: Number: must be an object: {\"name\": \"x\"}")]
    [InlineData("""{"name":"a","count":1,"nme":2}""", "$.nme: (unknown member): is not known; did you mean \"name\"?")]
    [InlineData("""{"name":"a","count":1,"frequency":2}""", "$.frequency: (unknown member): is not known; valid are name, count, password")]
    [InlineData("""{"name":"a","count":1,"later":2}""", "$.later: (unknown member): comes later")]
    [InlineData("""{"name":"a","count":1,"a b":2}""", "$['a b']: (unknown member): is not known; valid are name, count, password")]
    [InlineData("""{"name":"a","count":1,"name":"b"}""", "$.name: \"b\": is given twice")]
    [InlineData("""{"count":1}""", "$.name: (missing): is needed, as in {\"name\": \"x\"}")]
    [InlineData("""{"name":"a"}""", "$.count: (missing): is needed: how many")]
    [InlineData("""{"name":null,"count":1}""", "$.name: (missing): is needed, as in {\"name\": \"x\"}")]
    [InlineData("""{"name":"a","count":10}""", "$.count: 10: must be a whole number from 1 to 9")]
    [InlineData("""{"name":"a","count":1,"password":["do not show"]}""", "$.password: ***: must be a string")]
    public void One_mistake_is_one_fault(string json, string expected) =>
        Assert.Equal(expected, Assert.Single(Read(json, out _)).ToString());

    [Fact]
    public void What_is_right_is_read_and_null_is_as_if_it_were_not_there()
    {
        Assert.Empty(Read("""{"password":null,"count":2,"name":"a"}""", out var thing));
        Assert.Equal(new Thing("a", 2, null), thing);
    }

    [Fact]
    public void All_faults_come_at_once() =>
        Assert.Equal(["$.name", "$.countt", "$.count"], Read("""{"name":1,"countt":2}""", out _).Select(fault => fault.Path));

    [Fact]
    public void Unknown_members_are_passed_over_where_it_is_not_strict() =>
        Assert.Empty(Read("""{"name":"a","count":1,"new":{"x":[1]},"later":0}""", out _, isStrict: false));

    [Fact]
    public void A_name_of_any_length_costs_no_search_for_what_was_meant()
    {
        var fault = Assert.Single(Read($$"""{"name":"a","count":1,"{{new string('n', 4 << 20)}}":0}""", out _));
        Assert.InRange(fault.Path.Length, 1, 60);
    }

    private static ImmutableArray<Fault> Read(string json, out Thing thing, bool isStrict = true)
    {
        using var document = JsonDocument.Parse(json);
        var faults = new FaultList();
        Things.TryRead(new WrittenValue(document.RootElement, "$", faults), new Thing(null, null, null), out thing, isStrict);
        return faults.ToImmutable();
    }

    private sealed record Thing(string? Name, int? Count, string? Password);
}
