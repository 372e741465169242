using Microsoft.Extensions.Logging;
using Tunnel.Shared.Transport.Handshake;
using Tunnel.Shared.Transport.Quic.Connections;
using Tunnel.Shared.Transport.Streams;

namespace Tunnel.Shared.Transport.Quic.Core;

/// <summary>
/// The state that all flows through one end of a QUIC tunnel share: connection, terms, counters, GOAWAY, and whether the tunnel has ended.
/// Streams, sessions and the control stream build on it; it knows none of them.
/// <para/> <see cref="Sync"/> guards the tunnel's state and the table of its streams; it is held briefly, and never over a call that waits
/// for msquic or over a call to an owner. Members here must be called with it held unless they say otherwise.
/// </summary>
internal sealed class QuicCore(QuicConnection connection, string name, bool isEdge, TransportContext context)
{
    private TunnelEnd? _end;
    private TunnelEnd? _closing;

    public Lock Sync { get; } = new();

    public QuicConnection Connection => connection;

    /// <summary>The edge's id, for the log.</summary>
    public string Name => name;

    public bool IsEdge => isEdge;

    public TransportContext Context => context;

    public ILogger Logger { get; } = context.LoggerFactory.CreateLogger("Tunnel.Transport");

    public TunnelTerms Terms { get; } =
        new(context.Options.InitialWindow, TunnelProtocol.QuicFeaturesOf(context), context.ResumeGrace);

    /// <summary>Counts what the tunnel carries. Thread-safe.</summary>
    public TrafficMeter Traffic { get; } = new(context);

    public Departure Departure { get; } = new(context);

    /// <summary>True when the tunnel has ended, though not everything may be closed yet. Readable without the lock.</summary>
    public bool IsDead => Volatile.Read(ref _end) is not null;

    /// <summary>Why it has ended; null while it has not. Readable without the lock.</summary>
    public TunnelEnd? End => _end;

    /// <summary>True when streams and sessions can be opened, apart from the limits of their number.</summary>
    public bool TakesNew => !IsDead && _closing is null && !Departure.IsPeerLeaving && !Departure.IsAnnounced;

    /// <summary>Hub: true when a stream that is opened now is served.</summary>
    public bool ServesOpens => _closing is null && Departure.ServesOpens;

    /// <summary>Begins an orderly end for this reason, unless there was one before.</summary>
    /// <returns>False when the end has begun or come already.</returns>
    public bool TryClose(TunnelEnd end)
    {
        var isFirst = _closing is null && !IsDead;
        _closing ??= end;
        return isFirst;
    }

    /// <summary>Ends the tunnel. The first reason counts.</summary>
    /// <returns>False when it had ended already.</returns>
    public bool TryEnd(TunnelEnd end)
    {
        if (IsDead)
            return false;
        Volatile.Write(ref _end, _closing ?? end);
        return true;
    }

    /// <summary>
    /// Notes that something has thrown while a stream, session or tunnel ended, most likely an owner's callback; the others still end.
    /// Called without the lock.
    /// </summary>
    public void NoteDefect(Exception exception) => TransportLog.Defect(Logger, exception, name);
}
