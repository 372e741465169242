using Tunnel.Shared.Hosting;
using Tunnel.TestUtilities;

namespace Tunnel.Shared.UnitTests.Hosting;

public sealed class MemoryReclaimTests
{
    private const long Megabyte = 1 << 20;

    private readonly ManualTimeProvider _time = new();
    private readonly FakeMemory _memory = new() { ResidentBytes = 100 * Megabyte };

    [Fact]
    public void What_the_start_took_is_given_back_soon_after_it()
    {
        _memory.ResidentBytes = 140 * Megabyte;
        using var reclaim = new MemoryReclaim(_memory, _time);
        Assert.Equal(0, _memory.Reclaims);

        _time.Advance(MemoryReclaim.AfterStart);
        Assert.Equal((1, 100 * Megabyte), (_memory.Reclaims, _memory.ResidentBytes));

        // One collection is enough.
        Pass(count: 360);
        Assert.Equal(1, _memory.Reclaims);
    }

    [Fact]
    public void After_a_burst_memory_is_given_back_once_it_is_calm()
    {
        using var reclaim = Started();

        Burst(toMegabytes: 190);
        Pass();
        Assert.Equal(0, _memory.Reclaims);

        Pass();
        Assert.Equal(1, _memory.Reclaims);
        Assert.Equal(100 * Megabyte, _memory.ResidentBytes);
    }

    [Fact]
    public void What_was_in_use_while_a_flood_went_on_is_given_back_within_a_minute_of_its_end()
    {
        using var reclaim = Started();
        Pass();
        Burst(toMegabytes: 150);
        _memory.InUse = 150 * Megabyte;
        Pass(count: 2);
        Assert.Equal(1, _memory.Reclaims);

        // The flood is over, and the process still holds its memory.
        _memory.InUse = 100 * Megabyte;
        Pass(count: 5);

        Assert.Equal(100 * Megabyte, _memory.ResidentBytes);
    }

    [Fact]
    public void What_stays_in_use_is_collected_for_less_and_less_often()
    {
        using var reclaim = Started();
        Pass();
        Burst(toMegabytes: 150);
        _memory.InUse = 150 * Megabyte;

        Pass(count: 360);
        Assert.InRange(_memory.Reclaims, 2, 8);
    }

    [Fact]
    public void What_is_in_use_is_collected_for_once()
    {
        using var reclaim = Started();
        Pass();
        Burst(toMegabytes: 190);
        _memory.InUse = 180 * Megabyte;
        Pass(count: 5);
        Assert.Equal(1, _memory.Reclaims);

        // When the memory is no longer in use, its former size must not count as what is needed.
        _memory.ResidentBytes = _memory.InUse = 100 * Megabyte;
        Pass();
        Burst(toMegabytes: 190);
        Pass(count: 2);
        Assert.Equal(2, _memory.Reclaims);
    }

    [Theory]
    [InlineData(100, 107, 0)]
    [InlineData(100, 108, 0)]
    [InlineData(100, 110, 1)]
    [InlineData(40, 47, 0)]
    [InlineData(40, 48, 1)]
    public void Nothing_is_stopped_for_a_small_gain(long before, long grown, int reclaims)
    {
        _memory.ResidentBytes = _memory.InUse = before * Megabyte;
        using var reclaim = Started();
        Pass();
        _memory.ResidentBytes = grown * Megabyte;
        Pass();
        Assert.Equal(reclaims, _memory.Reclaims);
    }

    [Fact]
    public void The_process_gives_back_what_ended_connections_had()
    {
        var memory = new ProcessMemory(static () => { });
        var held = Hold();
        memory.Reclaim();
        Assert.False(held.IsAlive);
        Assert.True(memory.ResidentBytes > 0);

        static WeakReference Hold() => new(new byte[Megabyte]);
    }

    // The memory that the start took was given back.
    private MemoryReclaim Started()
    {
        var reclaim = new MemoryReclaim(_memory, _time);
        _time.Advance(MemoryReclaim.AfterStart);
        _memory.ForgetReclaims();
        return reclaim;
    }

    private void Pass(int count = 1)
    {
        for (var i = 0; i < count; i++)
            _time.Advance(MemoryReclaim.Interval);
    }

    private void Burst(long toMegabytes)
    {
        _memory.AllocatedBytes += MemoryReclaim.Calm + 1;
        _memory.ResidentBytes = toMegabytes * Megabyte;
    }

    private sealed class FakeMemory : IProcessMemory
    {
        public long ResidentBytes { get; set; }

        public long AllocatedBytes { get; set; }

        public long InUse { get; set; } = 100 * Megabyte;

        public int Reclaims { get; private set; }

        public void ForgetReclaims() => Reclaims = 0;

        public void Reclaim()
        {
            Reclaims++;
            ResidentBytes = InUse;
        }
    }
}
