using FsCheck;
using FsCheck.Fluent;
using Tunnel.Edge.Udp;

namespace Tunnel.Edge.UnitTests.Udp;

public sealed class SessionTableTests
{
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(60);

    private readonly SessionTable<Session> _table = new(capacity: 3, perAddress: 2, Idle);

    [Fact]
    public void A_full_table_gives_up_a_session_of_one_unanswered_datagram_first()
    {
        var proven = Add(1, at: 0);
        _table.Touch(proven, Seconds(1));
        var unanswered = Add(2, at: 2);
        Add(3, at: 3);

        Assert.Same(unanswered, _table.Add(new Session(4), Seconds(4)));
        Assert.True(_table.TryGet(Session.KeyOf(1), out _));
    }

    [Fact]
    public void Then_the_one_that_has_been_idle_longest()
    {
        var first = Add(1, at: 0);
        var second = Add(2, at: 0);
        var third = Add(3, at: 0);
        _table.Touch(first, Seconds(1));
        _table.Touch(second, Seconds(2));
        _table.Touch(third, Seconds(3));
        _table.Touch(first, Seconds(5));

        Assert.Same(second, _table.Add(new Session(4), Seconds(6)));
    }

    [Fact]
    public void Idle_sessions_go_after_the_time_out_and_not_before()
    {
        var busy = Add(1, at: 0);
        var idle = Add(2, at: 0);
        _table.Touch(busy, Seconds(30));
        var removed = new List<Session>();

        _table.RemoveIdle(Seconds(59.9), removed);
        Assert.Empty(removed);
        _table.RemoveIdle(Seconds(60), removed);
        Assert.Equal([idle], removed);

        // The last activity of a busy session is known to a second only, and the session must not go early.
        _table.RemoveIdle(Seconds(90.9), removed);
        Assert.Equal([idle], removed);
        _table.RemoveIdle(Seconds(91), removed);
        Assert.Equal([idle, busy], removed);
        Assert.Equal(0, _table.Count);
    }

    [Fact]
    public void A_removed_session_stays_removed()
    {
        var session = Add(1, at: 0);
        Assert.True(_table.Remove(session));
        Assert.False(_table.Remove(session));
        _table.Touch(session, Seconds(1));
        Assert.Equal(0, _table.Count);
        Assert.False(_table.TryGet(session.Key, out _));
    }

    [Fact]
    public void A_session_in_the_place_of_another_one_is_proven_and_as_old()
    {
        var first = AddOf(Ipv4(2), 1);
        AddOf(Ipv4(2), 2);
        Session next = new(first.Key);
        Assert.True(_table.Replace(first, next, Seconds(1)));
        Assert.False(_table.Remove(first));
        Assert.False(_table.Replace(first, new Session(first.Key), Seconds(1)));
        Assert.True(_table.TryGet(first.Key, out var found));
        Assert.Same(next, found);
        Assert.Equal(2, _table.Count);

        // It is still the oldest one of its address.
        Assert.False(_table.NeedsTouch(next, Seconds(1.5)));
        Assert.Same(next, _table.Add(new Session(Session.KeyOf(Ipv4(2), 3)), Seconds(2)));
        Assert.Equal(2, _table.Count);
    }

    [Fact]
    public void A_ports_sessions_go_with_the_port()
    {
        Add(1, at: 0);
        Session other = new(2, port: 54);
        _table.Add(other, Seconds(0));
        var removed = new List<Session>();
        _table.RemovePort(54, removed);
        Assert.Equal([other], removed);
        Assert.Equal(1, _table.Count);
    }

    /// <summary>Compares random operations with a list that is searched from end to end.</summary>
    [Fact]
    public void Behaves_like_a_plain_list() =>
        Prop.ForAll<int[]>(operations =>
        {
            const int Capacity = 4;
            var table = new SessionTable<Session>(Capacity, 2, Idle);
            var model = new List<(Session Session, double At, bool Proven)>();
            double now = 0;
            foreach (var operation in operations)
            {
                // The times are whole seconds, so that every touch is worth a move.
                now++;
                var number = Math.Abs(operation % 7);
                var known = model.FindIndex(entry => entry.Session.Number == number);
                if (known >= 0 && operation % 2 == 0)
                {
                    var session = model[known].Session;
                    model.RemoveAt(known);
                    table.Touch(session, Seconds(now));
                    model.Add((session, now, true));
                }
                else if (known >= 0)
                {
                    if (!table.Remove(model[known].Session))
                        return false;
                    model.RemoveAt(known);
                }
                else
                {
                    var expected =
                        model.Count < Capacity ? null : model.OrderBy(entry => entry.Proven).ThenBy(entry => entry.At).First().Session;
                    model.RemoveAll(entry => entry.Session == expected);
                    var session = new Session(number);
                    if (table.Add(session, Seconds(now)) != expected)
                        return false;
                    model.Add((session, now, false));
                }
            }

            return table.Count == model.Count
                && model.All(entry => table.TryGet(entry.Session.Key, out var found) && found == entry.Session);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void One_address_pushes_out_its_own_oldest_and_nobody_elses()
    {
        var other = Add(1, at: 0);
        var first = AddOf(Ipv4(2), 1);
        AddOf(Ipv4(2), 2);
        _table.Touch(first, Seconds(9));
        Assert.Same(first, _table.Add(new Session(Session.KeyOf(Ipv4(2), 3)), Seconds(10)));
        Assert.True(_table.TryGet(other.Key, out _));
        Assert.Equal(3, _table.Count);
    }

    [Fact]
    public void One_ipv6_network_of_64_bits_counts_as_one_address()
    {
        var network = (UInt128)0x20010db800000001 << 64;
        var first = AddOf(network | 1, 1);
        AddOf(network | 2, 1);
        Assert.Same(first, _table.Add(new Session(Session.KeyOf(network | 3, 1)), Seconds(1)));
        _table.Remove(first);
        Assert.Null(_table.Add(new Session(Session.KeyOf(network + ((UInt128)1 << 64), 1)), Seconds(2)));
    }

    private static UInt128 Ipv4(int number) => ((UInt128)0xffff << 32) | (uint)number;

    private Session AddOf(UInt128 address, ushort clientPort)
    {
        var session = new Session(Session.KeyOf(address, clientPort));
        Assert.Null(_table.Add(session, Seconds(0)));
        return session;
    }

    private static TimeSpan Seconds(double seconds) => TimeSpan.FromSeconds(seconds);

    private Session Add(int number, double at)
    {
        var session = new Session(number);
        Assert.Null(_table.Add(session, Seconds(at)));
        return session;
    }

    private sealed class Session(SessionKey key) : SessionNode<Session>(key)
    {
        public Session(int number, ushort port = 53)
            : this(KeyOf(number, port)) => Number = number;

        public int Number { get; }

        public static SessionKey KeyOf(int number, ushort port = 53) => KeyOf(Ipv4(number), 1000, port);

        public static SessionKey KeyOf(UInt128 address, ushort clientPort, ushort port = 53) =>
            new(port, new DatagramPath(address, clientPort, 1, 0));
    }
}
