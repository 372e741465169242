using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Shared.Protocol;
using Tunnel.Shared.Relay;
using Tunnel.Shared.Transport;
using Tunnel.TestUtilities;

namespace Tunnel.Shared.UnitTests.Relay;

/// <summary>The rate is kept in virtual time, with a transport that reads whenever it is told to.</summary>
public sealed class RateLimitedEndpointTests
{
    private readonly ManualTimeProvider _time = new();
    private readonly TransportContext _context;

    public RateLimitedEndpointTests() => _context = new TransportContext(new FlowControlOptions(), _time, NullLoggerFactory.Instance);

    [Theory]
    [InlineData(1_000)]
    [InlineData(64_000)]
    [InlineData(1_000_000)]
    [InlineData(125_000_000)]
    [InlineData(2_000_000_000)]
    public void A_busy_connection_gets_its_rate_within_5_percent_over_10_seconds(int rate)
    {
        var source = new EndlessSource();
        var reader = new Reader(new RateLimitedEndpoint(source, rate, _context));
        reader.Start();

        for (var second = 1; second <= 10; second++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            // The rate holds from the first second on: it is not made good by a burst.
            Assert.InRange(reader.Bytes, 0.95 * rate * second, 1.05 * rate * second);
        }
    }

    [Fact]
    public void A_clock_that_is_late_costs_no_rate()
    {
        var reader = new Reader(new RateLimitedEndpoint(new EndlessSource(), 1_000_000, _context));
        reader.Start();
        var random = new Random(1);
        var elapsed = TimeSpan.Zero;
        while (elapsed < TimeSpan.FromSeconds(10))
        {
            // The pacer's timer fires in the middle of an advance, so that the reader is told late.
            var step = TimeSpan.FromMilliseconds(random.Next(1, 200));
            reader.IsAsleep = true;
            _time.Advance(step);
            reader.WakeUp();
            elapsed += step;
        }

        Assert.InRange(reader.Bytes, 0.95e6 * elapsed.TotalSeconds, 1.05e6 * elapsed.TotalSeconds);
    }

    [Fact]
    public void After_a_pause_no_more_than_a_quarter_of_a_second_comes_at_once()
    {
        var source = new EndlessSource { Limit = 0 };
        var reader = new Reader(new RateLimitedEndpoint(source, 1_000_000, _context));
        reader.Start();
        _time.Advance(TimeSpan.FromMinutes(10));

        source.Limit = long.MaxValue;
        source.Notify();
        Assert.InRange(reader.Bytes, 240_000, 250_000);
    }

    [Fact]
    public void An_idle_or_waiting_connection_makes_no_timer_run()
    {
        var source = new EndlessSource { Limit = 100 };
        var reader = new Reader(new RateLimitedEndpoint(source, 1_000_000, _context));
        reader.Start();
        _time.Advance(Pacer.Period);
        Assert.Equal(100, reader.Bytes);
        Assert.Equal(0, _time.WaitingTimers);
    }

    [Fact]
    public void The_end_and_a_reset_come_through()
    {
        var source = new EndlessSource { Limit = 100, End = LocalReadStatus.EndOfFile };
        var reader = new Reader(new RateLimitedEndpoint(source, 1_000, _context));
        reader.Start();
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal((100, LocalReadStatus.EndOfFile), (reader.Bytes, reader.Last));
    }

    /// <summary>An endpoint that has bytes up to a limit.</summary>
    private sealed class EndlessSource : ILocalEndpoint
    {
        private ITunnelStream? _stream;
        private long _given;

        public long Limit { get; set; } = long.MaxValue;

        public LocalReadStatus End { get; init; } = LocalReadStatus.WouldBlock;

        public void Notify() => _stream!.NotifyReadable();

        public void Start(ITunnelStream stream) => _stream = stream;

        public LocalReadStatus TryRead(Span<byte> buffer, out int count)
        {
            count = (int)Math.Min(buffer.Length, Limit - _given);
            _given += count;
            return count > 0 ? LocalReadStatus.Data : End;
        }

        public bool ArmRead() => _given < Limit || End != LocalReadStatus.WouldBlock;

        public void ParkRead()
        {
        }

        public int TryWrite(ReadOnlySpan<byte> data) => data.Length;

        public ValueTask<bool> WriteAsync(ReadOnlyMemory<byte> data) => new(true);

        public void ShutdownWrite()
        {
        }

        public void Close()
        {
        }

        public void Reset(bool flush)
        {
        }
    }

    /// <summary>A stream that reads as the transports do: until there is nothing, then it arms.</summary>
    private sealed class Reader(ILocalEndpoint endpoint) : ITunnelStream
    {
        private readonly byte[] _buffer = new byte[65_536];
        private bool _told;

        public long Bytes { get; private set; }

        public LocalReadStatus Last { get; private set; }

        public bool IsAsleep { get; set; }

        public uint Id => 1;

        public IStreamObserver? Observer { get; set; }

        public long BytesSent => Bytes;

        public long BytesReceived => 0;

        public void Start()
        {
            endpoint.Start(this);
            NotifyReadable();
        }

        public void WakeUp()
        {
            IsAsleep = false;
            if (_told)
                NotifyReadable();
        }

        public void NotifyReadable()
        {
            _told = IsAsleep;
            if (IsAsleep)
                return;
            do
            {
                while ((Last = endpoint.TryRead(_buffer, out var count)) == LocalReadStatus.Data)
                    Bytes += count;
            }
            while (Last == LocalReadStatus.WouldBlock && endpoint.ArmRead());
        }

        public void Attach(ILocalEndpoint local) => throw new NotSupportedException();

        public void NotifyLocalReset() => throw new NotSupportedException();

        public void Reset(ResetReason reason) => throw new NotSupportedException();
    }
}
