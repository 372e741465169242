using System.Net;
using Tunnel.Edge.Admission;
using Tunnel.Edge.Refusing;
using Tunnel.Shared.Protocol.Addresses;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.TestUtilities;

namespace Tunnel.Edge.UnitTests.Admission;

public sealed class AddressTableTests
{
    private const int Capacity = 100;

    private readonly ManualTimeProvider _time = new();
    private readonly AddressTable _table;

    public AddressTableTests() => _table = new AddressTable(_time, Capacity);

    [Fact]
    public void The_connections_of_an_address_are_limited_and_come_free_again()
    {
        var policy = new EdgePortPolicy { MaxConnectionsPerIp = 2 };
        var first = Enter("192.0.2.1", policy);
        Enter("192.0.2.1", policy);
        Assert.Equal(RefusalReason.MaxConnectionsPerIp, Refusal("192.0.2.1", policy));
        Enter("192.0.2.2", policy);

        _table.Leave(first);
        Enter("192.0.2.1", policy);
    }

    [Fact]
    public void An_IPv6_client_is_its_whole_64_and_a_mapped_one_its_IPv4_address()
    {
        var policy = new EdgePortPolicy { MaxConnectionsPerIp = 1 };
        Enter("2001:db8::1", policy);
        Assert.Equal(RefusalReason.MaxConnectionsPerIp, Refusal("2001:db8::ffff:2", policy));
        Enter("2001:db8:0:1::1", policy);
        Enter("192.0.2.1", policy);
        Assert.Equal(RefusalReason.MaxConnectionsPerIp, Refusal("::ffff:192.0.2.1", policy));
    }

    [Fact]
    public void The_rate_lets_a_burst_through_and_then_so_many_a_second()
    {
        var policy = new EdgePortPolicy { NewConnectionsPerSecondPerIp = 5, NewConnectionsBurst = 10 };
        Assert.Equal(10, Tries(policy, 20));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(5, Tries(policy, 20));
        _time.Advance(TimeSpan.FromSeconds(100));
        Assert.Equal(10, Tries(policy, 20));
    }

    /// <summary>However often an address asks, a refusal costs nothing of its rate, and no time is lost in between.</summary>
    [Fact]
    public void The_rate_is_exact_over_time()
    {
        var policy = new EdgePortPolicy { NewConnectionsPerSecondPerIp = 7 };
        var passed = 0;
        for (var i = 0; i < 100_000; i++)
        {
            passed += Tries(policy, 1);
            _time.Advance(TimeSpan.FromMilliseconds(1));
        }

        Assert.InRange(passed, (7 * 100) + 6, (7 * 100) + 7);
    }

    [Fact]
    public void Addresses_are_forgotten_when_their_bucket_is_full_again()
    {
        var policy = new EdgePortPolicy { NewConnectionsPerSecondPerIp = 1, NewConnectionsBurst = 2 };
        for (var i = 0; i < 50; i++)
            _table.Leave(Enter($"192.0.2.{i}", policy));
        Assert.Equal(50, _table.Count);

        _time.Advance(TimeSpan.FromSeconds(3));
        for (var i = 0; i < 50; i++)
            _table.Leave(Enter("198.51.100.1", policy with { NewConnectionsBurst = 1000 }));
        Assert.InRange(_table.Count, 1, 51);
        _time.Advance(TimeSpan.FromHours(1));
        Refusal("198.51.100.9", policy);
        Assert.InRange(_table.Count, 1, 50);
    }

    [Fact]
    public void However_many_addresses_come_the_table_is_bounded_and_those_with_connections_stay()
    {
        var policy = new EdgePortPolicy { MaxConnectionsPerIp = 1, NewConnectionsPerSecondPerIp = 1 };
        Enter("192.0.2.1", policy);
        for (var i = 0; i < 10 * Capacity; i++)
            _table.Leave(Enter($"10.0.{i >> 8}.{i & 255}", policy));

        Assert.Equal(Capacity, _table.Count);
        Assert.Equal(RefusalReason.MaxConnectionsPerIp, Refusal("192.0.2.1", policy));
    }

    [Fact]
    public void Without_a_limit_on_addresses_nothing_is_kept()
    {
        Assert.Null(_table.TryEnter(1, EdgePortPolicy.None, out var entry));
        Assert.Null(entry);
        Assert.Equal(0, _table.Count);
    }

    private AddressEntry Enter(string address, EdgePortPolicy policy)
    {
        Assert.Null(_table.TryEnter(AddressNumber.Of(IPAddress.Parse(address)), policy, out var entry));
        return entry!;
    }

    private RefusalReason? Refusal(string address, EdgePortPolicy policy) =>
        _table.TryEnter(AddressNumber.Of(IPAddress.Parse(address)), policy, out _);

    private int Tries(EdgePortPolicy policy, int count)
    {
        var passed = 0;
        for (var i = 0; i < count; i++)
        {
            if (_table.TryEnter(AddressNumber.OfIPv4(1), policy, out var entry) is null)
            {
                passed++;
                _table.Leave(entry!);
            }
        }

        return passed;
    }
}
