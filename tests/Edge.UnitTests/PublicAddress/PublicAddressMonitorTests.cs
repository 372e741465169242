using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Tunnel.Edge.PublicAddress;
using Tunnel.Edge.UnitTests.Fakes;
using Tunnel.TestUtilities;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.Edge.UnitTests.PublicAddress;

public sealed class PublicAddressMonitorTests : IAsyncDisposable
{
    private static readonly IPAddress Server4 = IPAddress.Parse("192.0.2.1");
    private static readonly IPAddress Server6 = IPAddress.Parse("2001:db8::1");
    private static readonly IPAddress Public4 = IPAddress.Parse("198.51.100.1");
    private static readonly IPAddress Public6 = IPAddress.Parse("2001:db8:9::1");

    private readonly ManualTimeProvider _time = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Channel<PublicAddresses> _changes = Channel.CreateUnbounded<PublicAddresses>();
    private readonly Dictionary<IPAddress, StunOutcome> _answers = [];
    private readonly Lock _lock = new();
    private readonly List<IPEndPoint> _asked = [];
    private readonly WarningCounter _log = new();
    private readonly PublicAddressMonitor _monitor;
    private readonly Task _running;

    public PublicAddressMonitorTests()
    {
        _monitor = new PublicAddressMonitor(
            [new DnsEndPoint("first.example", 3478), new DnsEndPoint("192.0.2.2", 4000)], AskAsync, ResolveAsync,
            addresses => _changes.Writer.TryWrite(addresses), _time, _log);
        _running = Task.Run(() => _monitor.RunAsync(_stop.Token));
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _running.Soon());
        _stop.Dispose();
    }

    [Fact]
    public async Task Both_families_are_asked_at_the_first_configuration_and_then_at_its_interval()
    {
        Answer(Server4, Public4);
        Answer(Server6, Public6);
        _monitor.SetInterval(60);
        var found = await NextChangeAsync();
        Assert.Equal((Public4, Public6, Public4), (found.IPv4, found.IPv6, found.Primary));
        Assert.Equal(found, _monitor.Current);

        Answer(Server4, IPAddress.Parse("198.51.100.2"));
        await AdvanceAsync(TimeSpan.FromSeconds(59.9));
        Assert.Equal(2, Asked);
        await AdvanceAsync(TimeSpan.FromSeconds(0.1));
        Assert.Equal("198.51.100.2 and 2001:db8:9::1", (await NextChangeAsync()).ToString());
    }

    [Fact]
    public async Task What_the_hub_saw_counts_until_a_server_tells()
    {
        IPAddress seen4 = IPAddress.Parse("8.8.4.4"), seen6 = IPAddress.Parse("2a00:1450::1");
        _monitor.NoteSeen(null);
        foreach (var nobodys in new[] { "10.0.0.1", "127.0.0.1", "192.0.2.1", "fe80::1", "64:ff9b::10.0.0.1" })
            _monitor.NoteSeen(IPAddress.Parse(nobodys));
        Assert.Equal(PublicAddresses.Unknown, _monitor.Current);

        _monitor.NoteSeen(seen4);
        Assert.Equal(new PublicAddresses(seen4, null), await NextChangeAsync());
        _monitor.NoteSeen(seen6);
        Assert.Equal(new PublicAddresses(seen4, seen6), await NextChangeAsync());

        Answer(Server4, Public4);
        _monitor.SetInterval(60);
        Assert.Equal(new PublicAddresses(Public4, seen6), await NextChangeAsync());
        _monitor.NoteSeen(IPAddress.Parse("8.8.8.8"));
        Assert.Equal(new PublicAddresses(Public4, seen6), _monitor.Current);
    }

    [Fact]
    public async Task A_server_that_fails_is_followed_by_the_next()
    {
        Answer(IPAddress.Parse("192.0.2.2"), Public4);
        _monitor.SetInterval(null);
        Assert.Equal(new PublicAddresses(Public4, null), await NextChangeAsync());
        lock (_lock)
        {
            Assert.Equal(
                [new IPEndPoint(Server4, 3478), new IPEndPoint(IPAddress.Parse("192.0.2.2"), 4000)],
                _asked.Where(server => server.AddressFamily == AddressFamily.InterNetwork));
        }

        Assert.Equal(0, _log.Warnings);
    }

    [Fact]
    public async Task Failure_is_one_warning_and_what_was_known_stays_known()
    {
        Answer(Server4, Public4);
        _monitor.SetInterval(10);
        await NextChangeAsync();
        lock (_lock)
            _answers.Clear();
        for (var round = 0; round < 3; round++)
            await AdvanceAsync(TimeSpan.FromSeconds(10));
        await Eventually.IsTrueAsync(() => Asked >= 2 + (3 * 3), "three more look-ups");
        await Eventually.IsTrueAsync(() => _time.WaitingTimers == 1, "the last is over");
        Assert.Equal(1, _log.Warnings);
        Assert.Equal(Public4, _monitor.Current.Primary);
        Assert.Equal(0, _changes.Reader.Count);
    }

    [Fact]
    public async Task Zero_is_off_and_too_often_is_every_ten_seconds()
    {
        Answer(Server4, Public4);
        _monitor.SetInterval(0);
        await AdvanceAsync(TimeSpan.FromDays(1));
        Assert.Equal(0, Asked);

        _monitor.SetInterval(1);
        await NextChangeAsync();
        var asked = Asked;
        await AdvanceAsync(TimeSpan.FromSeconds(9.9));
        Assert.Equal(asked, Asked);
        _monitor.SetInterval(int.MaxValue);
        await AdvanceAsync(TimeSpan.FromDays(2));
        Assert.Equal(asked, Asked);
    }

    private int Asked
    {
        get
        {
            lock (_lock)
                return _asked.Count;
        }
    }

    private Task<StunOutcome> AskAsync(IPEndPoint server, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            _asked.Add(server);
            return Task.FromResult(_answers.GetValueOrDefault(server.Address, StunOutcome.Failed("by the test")));
        }
    }

    private static Task<IPAddress[]> ResolveAsync(string host, CancellationToken cancellationToken) =>
        Task.FromResult<IPAddress[]>([Server6, Server4]);

    private void Answer(IPAddress server, IPAddress seen)
    {
        lock (_lock)
            _answers[server] = StunOutcome.Found(seen);
    }

    private Task<PublicAddresses> NextChangeAsync() => _changes.Reader.ReadAsync().AsTask().Soon();

    /// <summary>Moves the clock once the monitor waits for nothing else.</summary>
    private async Task AdvanceAsync(TimeSpan by)
    {
        if (_monitor.Current != PublicAddresses.Unknown)
            await Eventually.IsTrueAsync(() => _time.WaitingTimers == 1, "it waits");
        _time.Advance(by);
    }

    private sealed class WarningCounter : ILogger
    {
        private int _warnings;

        public int Warnings => Volatile.Read(ref _warnings);

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (logLevel >= LogLevel.Warning)
                Interlocked.Increment(ref _warnings);
        }
    }
}
