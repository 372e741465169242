using Tunnel.Shared.Protocol;
using Tunnel.Shared.Transport.Buffers;
using Tunnel.Shared.Transport.Moving.Tables;
using Tunnel.Shared.Transport.Streams;

namespace Tunnel.Shared.Transport.Moving;

/// <summary>
/// What the parts of a <see cref="MovableStream"/> share: the locks, the local end, the present leg and the way to another one, and the end
/// that its owner is told. It calls none of them. What it has may be read without a lock.
/// </summary>
/// <param name="stream">The stream, as the tables know it.</param>
/// <param name="context">The state that tunnels share.</param>
/// <param name="share">The memory of the peer's tunnels.</param>
internal sealed class MovableCore(IMovable stream, TransportContext context, KeptShare share)
{
    private volatile ILocalEndpoint? _local;
    private volatile bool _isLocalReset;
    private volatile StreamLeg? _leg;
    private volatile StreamHandOver? _way;
    private OwnerEnd _owner;

    public IMovable Stream => stream;

    public TransportContext Context => context;

    /// <summary>The memory in which the sending half counts what it keeps.</summary>
    public KeptShare Share => share;

    /// <summary>Guards the sending half. It is taken before the other one.</summary>
    public Lock SendLock { get; } = new();

    /// <summary>Guards the receiving half and the end.</summary>
    public Lock ReceiveLock { get; } = new();

    /// <summary>The local end; null at the hub until the upstream is connected.</summary>
    public ILocalEndpoint? Local { get => _local; set => _local = value; }

    /// <summary>Whether the local peer has reset, perhaps behind bytes that are still unread. A write may find it first.</summary>
    public bool IsLocalReset { get => _isLocalReset; set => _isLocalReset = value; }

    /// <summary>The present leg; null while the stream waits for another tunnel. It is set under both locks.</summary>
    public StreamLeg? Leg { get => _leg; set => _leg = value; }

    /// <summary>The way on which the stream goes from one tunnel that lives to another. It is set under the lock of receiving.</summary>
    public StreamHandOver? Way { get => _way; set => _way = value; }

    /// <summary>The leg whose bytes are heard now.</summary>
    public StreamLeg? Heard => _way is { } way ? way.From : _leg;

    /// <summary>Why this process has wanted the stream to end; null while it has not. Guarded by the lock of receiving.</summary>
    public ResetReason? Wanted { get; set; }

    /// <summary>What the owner is told of the end. Guarded by the lock of receiving.</summary>
    public ref OwnerEnd Owner => ref _owner;

    /// <summary>Whether the stream has ended for its owner.</summary>
    public bool IsOver => _owner.HasEnded;

    /// <summary>The task that a leg's bytes have to wait for; null when they need not. Called with the lock of receiving held.</summary>
    public Task? Before(StreamLeg leg) => _way is { Done: { IsCompleted: false } done } way && leg == way.To ? done : null;

    /// <summary>
    /// The stream has ended, or waits for another tunnel, or goes on over one that it waited for: no leg but the present one has anything
    /// to say any more. Allowed with the locks held.
    /// </summary>
    /// <param name="reason">Why the leg that is given up is reset: the stream goes on elsewhere, or its end.</param>
    public void LeaveWay(ResetReason reason = ResetReason.ShuttingDown)
    {
        StreamHandOver? way;
        lock (ReceiveLock)
        {
            (way, Way) = (Way, null);
            if (way is null)
                return;
            way.End(heard: null);
        }

        way.Asked?.Refuse();

        // Where the peer was told of the new leg, it may still name the old one.
        var other = way.IsSwitched ? way.From : way.To;
        if (!way.IsSwitched)
            other.Release(stream);
        if (other.Carrier is not null)
            other.Later(carrier => carrier.Reset(reason));
    }
}
