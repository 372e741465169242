using Tunnel.Hub.Traffic;
using Tunnel.Shared.Protocol.Addresses;

namespace Tunnel.Hub.UnitTests.Traffic;

public sealed class ConnectionLogTests
{
    private static readonly DateTimeOffset Noon = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);

    private readonly ConnectionLog _log = new(capacity: 100);

    [Fact]
    public void The_oldest_gives_way()
    {
        for (var i = 0; i < 250; i++)
            _log.Add(Record(port: i));

        var all = _log.Find(new ConnectionFilter(), null, 1000);
        Assert.Equal(Enumerable.Range(150, 100).Reverse(), all.Select(record => record.Port));
    }

    [Fact]
    public void Pages_follow_each_other_while_records_come()
    {
        for (var i = 0; i < 90; i++)
            _log.Add(Record(port: i));

        var seen = new List<int>();
        long? cursor = null;
        while (_log.Find(new ConnectionFilter(), cursor, 7) is { IsEmpty: false } page)
        {
            seen.AddRange(page.Select(record => record.Port));
            cursor = page[^1].Id;
            _log.Add(Record(port: 1000));
        }

        Assert.Equal(Enumerable.Range(seen[^1], 90 - seen[^1]).Reverse(), seen);
        // Only what the ring lost meanwhile is missing.
        Assert.InRange(seen[^1], 0, 13);
    }

    [Fact]
    public void A_cursor_of_another_time_finds_nothing_or_all()
    {
        _log.Add(Record());
        Assert.Empty(_log.Find(new ConnectionFilter(), 1, 10));
        Assert.Single(_log.Find(new ConnectionFilter(), long.MaxValue, 10));
        Assert.Empty(new ConnectionLog().Find(new ConnectionFilter(), null, 10));
    }

    [Fact]
    public void Filters_are_all_true()
    {
        _log.Add(Record());
        _log.Add(Record() with { EdgeId = "b" });
        _log.Add(Record(port: 444));
        _log.Add(Record() with { Proto = "udp" });
        _log.Add(Record() with { Client = "198.51.100.1" });
        _log.Add(Record() with { Client = "[2001:db8::1]:5" });
        _log.Add(Record() with { Client = null });
        _log.Add(Record() with { Action = ConnectionAction.Blocked });
        _log.Add(Record() with { Time = Noon.AddSeconds(-1) });
        _log.Add(Record() with { Time = Noon.AddHours(1) });

        Assert.Equal(9, Count(new ConnectionFilter { EdgeId = "a" }));
        Assert.Equal(9, Count(new ConnectionFilter { Port = 443 }));
        Assert.Equal(1, Count(new ConnectionFilter { Port = 443, Proto = "udp" }));
        Assert.Equal(1, Count(new ConnectionFilter { Address = Block("2001:db8::/32") }));
        Assert.Equal(7, Count(new ConnectionFilter { Address = Block("203.0.113.0/24") }));
        Assert.Equal(1, Count(new ConnectionFilter { Action = ConnectionAction.Blocked }));
        Assert.Equal(8, Count(new ConnectionFilter { Since = Noon, Until = Noon.AddHours(1) }));
        Assert.Equal(1, Count(new ConnectionFilter
        {
            EdgeId = "a",
            Port = 443,
            Proto = "tcp",
            Address = Block("203.0.113.7"),
            Action = ConnectionAction.Blocked,
            Since = Noon,
            Until = Noon.AddSeconds(1),
        }));
    }

    private static ConnectionRecord Record(int port = 443) => new()
    {
        Time = Noon,
        EdgeId = "a",
        Port = port,
        Proto = "tcp",
        Client = "203.0.113.7:40000",
        Action = ConnectionAction.Allowed,
        Reason = "completed",
    };

    private static IpRange Block(string text) => CidrSet.Parse(text)[0];

    private int Count(ConnectionFilter filter) => _log.Find(filter, null, 1000).Length;
}
