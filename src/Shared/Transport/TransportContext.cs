using Microsoft.Extensions.Logging;
using Tunnel.Shared.Transport.KernelMemory;

namespace Tunnel.Shared.Transport;

/// <summary>The state that all tunnels of one hub or edge share: the memory budget, the clock and the log.</summary>
public sealed class TransportContext
{
    /// <summary>How long streams and sessions outlive a lost connection where nothing is set.</summary>
    public static readonly TimeSpan DefaultResumeGrace = TimeSpan.FromSeconds(60);

    private readonly long _start;

    /// <summary>Creates a context; a service has one.</summary>
    public TransportContext(
        FlowControlOptions flowControl, TimeProvider time, ILoggerFactory loggerFactory,
        string congestionControl = CongestionControl.Default)
    {
        Options = flowControl;
        Time = time;
        LoggerFactory = loggerFactory;
        Flow = new FlowController(flowControl);
        TcpMemory = new TcpMemoryGuard(isShort => Flow.KernelIsShort = isShort, time, loggerFactory.CreateLogger<TcpMemoryGuard>());
        Congestion = new CongestionControl(congestionControl, loggerFactory);
        Sweeper = new Sweeper(time);
        Pacer = new Pacer(time);
        _start = time.GetTimestamp();
    }

    /// <summary>Window sizes.</summary>
    public FlowControlOptions Options { get; }

    /// <summary>How many connections a tunnel over TLS may have.</summary>
    public LaneOptions Lanes { get; init; } = LaneOptions.None;

    /// <summary>
    /// How long streams and sessions outlive a lost connection, in whole seconds; zero: they end with it. Set before the first tunnel.
    /// </summary>
    public TimeSpan ResumeGrace { get; init; }

    /// <summary>Windows and memory in use.</summary>
    public FlowController Flow { get; }

    /// <summary>Watches the kernel's memory for TCP, once it is started.</summary>
    public TcpMemoryGuard TcpMemory { get; }

    /// <summary>The clock of all time limits.</summary>
    public TimeProvider Time { get; }

    /// <summary>The factory of the transports' loggers.</summary>
    public ILoggerFactory LoggerFactory { get; }

    /// <summary>Datagrams that tunnels have dropped, including tunnels that have ended.</summary>
    public DatagramDrops Drops { get; } = new();

    /// <summary>The number of ids that a new tunnel of an edge treats as used; for tests in which the ids run out.</summary>
    internal uint NumbersUsed { get; init; }

    internal CongestionControl Congestion { get; }

    internal Sweeper Sweeper { get; }

    internal Pacer Pacer { get; }

    /// <summary>Milliseconds since this context was made: the monotonic clock of schedulers and limits.</summary>
    internal long NowMilliseconds => (long)Time.GetElapsedTime(_start).TotalMilliseconds;
}
