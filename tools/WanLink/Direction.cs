using System.Diagnostics;

namespace Tunnel.Tools.WanLink;

/// <summary>
/// Carries the packets of one direction, on a thread of its own. A packet waits for its turn at the rate (drop-tail queue), is on the wire
/// for as long as its length takes, and arrives after the delay. Order is kept.
/// </summary>
internal sealed unsafe class Direction(string name, TunDevice from, TunDevice to, int seed)
{
    // While packets are under way the thread looks after them this often and handles them together: at 100 Mbit/s a packet is due every 120
    // µs.
    private const long Tick = 200_000;
    private const long LongestWait = 50_000_000;
    private const long BusyRetry = 100_000;

    private readonly Random _random = new(seed);
    private readonly AddressTranslation _translation = new();
    private volatile LinkSettings _settings = new();
    private volatile AddressTranslation? _reverse;
    private volatile bool _stopping;
    private Thread? _thread;
    private long _wireFreeAt;
    private long _lastArrival;

    public string Name => name;

    public LinkCounters Counters { get; } = new();

    public LinkSettings Settings
    {
        get => _settings;
        set => _settings = value;
    }

    /// <summary>The other direction, whose senders' addresses come back here.</summary>
    public void Pair(Direction other) => _reverse = other._translation;

    public void Start()
    {
        _thread = new Thread(Run) { Name = name, IsBackground = true };
        _thread.Start();
    }

    public void Stop()
    {
        _stopping = true;
        _thread?.Join();
    }

    private static long Now() => (long)(Stopwatch.GetTimestamp() * (1e9 / Stopwatch.Frequency));

    private void Run()
    {
        Native.WakePrecisely();
        using var store = new PacketStore();
        while (!_stopping)
        {
            var settings = _settings;
            _translation.Use(settings.Nat);
            Take(store, settings);
            var next = Give(store);
            if (next is null)
                Wait(LongestWait, orPacket: true);
            else
                Pause(next.Value - Now(), settings);
        }
    }

    // Below the tick's length nothing is won by waiting for more packets, and an undelayed link is not to get a delay.
    private void Pause(long untilNext, LinkSettings settings)
    {
        var quiet = settings.Delay.Ticks > 0 || settings.Rate > 0 ? Math.Min(Tick, untilNext) : 0;
        if (quiet > 0)
            Wait(quiet, orPacket: false);
        if (untilNext - quiet > 0)
            Wait(Math.Min(untilNext - quiet, LongestWait), orPacket: true);
    }

    private void Wait(long nanoseconds, bool orPacket)
    {
        var poll = new Native.PollDescriptor { Descriptor = from.Descriptor, Events = Native.PollIn };
        var time = Native.TimeSpec.Of(nanoseconds);
        _ = Native.Poll(&poll, orPacket ? 1u : 0, &time, 0);
    }

    private void Take(PacketStore store, LinkSettings settings)
    {
        var now = Now();
        while (!store.IsFull)
        {
            var packet = store.Next;
            var length = (int)Native.Read(from.Descriptor, packet, PacketStore.MaxPacket);
            if (length <= 0)
                return;
            if (Admit(new Span<byte>(packet, length), settings, now) is { } arrival)
                store.Add(length, arrival);
        }
    }

    /// <summary>Returns when the packet arrives, or null when it never does.</summary>
    private long? Admit(Span<byte> packet, LinkSettings settings, long now)
    {
        Counters.AddPacket(packet.Length);
        if ((settings.UdpBlocked && IpPacket.Is(packet, IpPacket.Udp)) || (settings.TcpBlocked && IpPacket.Is(packet, IpPacket.Tcp))
            || (settings.MaxPacket > 0 && packet.Length > settings.MaxPacket))
        {
            Counters.AddBlocked();
            return null;
        }

        if (settings.Loss > 0 && _random.NextDouble() < settings.Loss)
        {
            Counters.AddLost();
            return null;
        }

        var start = Math.Max(now, _wireFreeAt);
        if (settings.Rate > 0 && start - now > settings.QueueTime)
        {
            Counters.AddQueueFull();
            return null;
        }

        _translation.ReplaceSource(packet);
        _reverse!.RestoreDestination(packet);
        _wireFreeAt = start + settings.WireTime(packet.Length);
        return _lastArrival = Math.Max(_lastArrival, _wireFreeAt + (long)settings.Delay.TotalNanoseconds);
    }

    /// <summary>Delivers what is due, and says when the next packet is.</summary>
    private long? Give(PacketStore store)
    {
        while (!store.IsEmpty)
        {
            if (store.FirstTime > Now())
                return store.FirstTime;
            var packet = store.First(out var length);
            if (Native.Write(to.Descriptor, packet, (nuint)length) < 0
                && System.Runtime.InteropServices.Marshal.GetLastPInvokeError() == Native.Again)
            {
                return Now() + BusyRetry;
            }

            store.RemoveFirst();
        }

        return null;
    }
}
