using Microsoft.Extensions.Logging;

namespace Tunnel.Shared.Transport;

/// <summary>What all tunnels of one hub or edge share: the memory budget, the clock, the log.</summary>
public sealed class TransportContext
{
    /// <summary>Makes a context; a service has one.</summary>
    public TransportContext(FlowControlOptions flowControl, TimeProvider time, ILoggerFactory loggerFactory)
    {
        FlowControl = flowControl;
        Time = time;
        LoggerFactory = loggerFactory;
    }

    /// <summary>Window sizes.</summary>
    public FlowControlOptions FlowControl { get; }

    /// <summary>The clock of all time limits.</summary>
    public TimeProvider Time { get; }

    /// <summary>Where the transports log.</summary>
    public ILoggerFactory LoggerFactory { get; }
}
