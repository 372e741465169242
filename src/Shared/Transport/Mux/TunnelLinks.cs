using Microsoft.Extensions.Logging;
using Tunnel.Shared.Protocol.Frames;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport.Mux.Core;
using Tunnel.Shared.Transport.Tls.Connections;

namespace Tunnel.Shared.Transport.Mux;

/// <summary>
/// The connections that carry a tunnel, one after another: reads the present one, notes its loss, and goes on with the next (protocol.md
/// section 8). <see cref="TunnelResumption"/> agrees with the peer on where.
/// </summary>
/// <param name="tunnel">The tunnel.</param>
/// <param name="first">Its first connection.</param>
/// <param name="ending">The tunnel's end, which closes the present connection.</param>
/// <param name="handler">The tunnel's owner.</param>
/// <param name="name">The tunnel's name, for the log.</param>
/// <param name="logger">The log.</param>
internal sealed class TunnelLinks(
    MuxTunnel tunnel, TunnelLink first, TunnelEnding ending, ITunnelHandler handler, string name, ILogger logger)
{
    // This guards the change from one connection to another, so that a thread which finds the tunnel lost finds what to wait for too.
    private readonly Lock _change = new();
    private volatile TunnelLink _current = first;
    private Task _quiet = Task.CompletedTask;

    /// <summary>The present connection, or the last one while there is none.</summary>
    public TunnelLink Current => _current;

    private MuxCore Core => tunnel.Core;

    /// <summary>Begins to read the first connection.</summary>
    public void BeginReading() => SetReading(_current).SetResult();

    /// <summary>Notes that the connection is lost, or is to be given up, and waits until nobody uses it any more.</summary>
    /// <returns>What to tell the peer; null when the tunnel has ended.</returns>
    public async Task<ResumePoint?> DetachAsync(TunnelEnd cause)
    {
        Lose(cause);
        Task quiet;
        lock (_change)
        {
            if (!tunnel.IsLost)
                return null;
            quiet = _quiet;
        }

        await quiet;
        return tunnel.Endpoint.Change.OnQuiet();
    }

    /// <summary>Ends this tunnel once what it had to say is sent, and gives its connection to another one.</summary>
    /// <returns>Null when the connection has ended before.</returns>
    public async Task<TunnelLink?> HandToAsync(MuxTunnel other)
    {
        var end = new TunnelEnd(TunnelEndKind.Closed, "its connection takes the place of a lost one");
        do
            await Core.WaitIdleAsync();
        while (!ending.TryLeave(end) && !tunnel.IsDead);
        return Core.End == end ? _current.HandTo(other.Endpoint, ending.Reading) : null;
    }

    /// <summary>Goes on over another connection.</summary>
    /// <returns>False when that is not possible any more; the connection is then closed.</returns>
    public bool TryAdopt(TunnelLink link, ResumePoint peer)
    {
        TaskCompletionSource reading;
        TunnelResumed? attached;
        lock (_change)
        {
            (_current, ending.Connection) = (link, link.Connection);
            attached = tunnel.Endpoint.Change.Attach(peer);
            reading = attached is null ? new TaskCompletionSource() : SetReading(link);
        }

        if (attached is not { } resumed)
        {
            link.Close();
            tunnel.Terminate(Core.Lost ?? new TunnelEnd(TunnelEndKind.ConnectionLost, "it ended before it could be resumed"));
            return false;
        }

        TransportLog.Resumed(
            logger, name, link.Remote, resumed.LostFor.TotalSeconds, resumed.Streams, resumed.BytesAgain);
        Tell(() => handler.OnResumed(tunnel.Facade, resumed));

        // Nothing can be lost before its owner knows that it goes on: nothing is read or sent yet.
        lock (Core.Sync)
            Core.Speak();
        reading.SetResult();
        Core.Wake();
        return true;
    }

    /// <summary>Notes that the connection is lost: the tunnel waits for another one if it may, else it ends.</summary>
    public void Lose(TunnelEnd end)
    {
        var told = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        TunnelLink? lost = null;
        lock (_change)
        {
            if (tunnel.IsLost)
                return;
            if (MayOutlive(end) && tunnel.Endpoint.Change.TryDetach(end))
            {
                lost = _current;
                ending.Connection = null;
                _quiet = BeQuietAsync(ending.Reading, told.Task);
            }
        }

        var waits = false;
        if (lost is not null)
        {
            lost.Close();
            Tell(() => waits = handler.OnLost(tunnel.Facade, end));
        }

        if (waits)
            TransportLog.Lost(logger, name, lost!.Remote, end.Kind, end.Detail, Core.Terms.ResumeGrace.TotalSeconds);
        else
            tunnel.Terminate(end);
        told.SetResult();
    }

    /// <summary>Once a second: measures the round trip (edge), and looks whether the peer still answers where that is agreed.</summary>
    public void LookAtPeer()
    {
        var tcp = _current.Connection.Tcp;
        if (Core.IsEdge && tcp?.RoundTrip is { } roundTrip)
            Core.NoteRoundTrip(roundTrip);
        if (!(Core.IsEdge ? (tunnel.Features & TunnelFeatures.Probe) != 0 : ((IHubTunnelHandler)handler).WatchesEdge))
            return;
        var traffic = tunnel.Counters;
        var carried = traffic.BytesSent + traffic.BytesReceived + traffic.StreamsOpened;
        switch (_current.Doubt.Look(Core.Context.NowMilliseconds, Core.Heard, tcp?.AcknowledgedBytes ?? Core.Heard, carried))
        {
            case DoubtStep.Ask when Core.IsEdge:
                tunnel.Endpoint.QueueProbe();
                break;
            case DoubtStep.Ask:
                tunnel.Endpoint.QueuePing();
                break;
            case DoubtStep.Doubt:
                TransportLog.InDoubt(logger, name, tunnel.RemoteEndPoint, PeerDoubt.AnswerMilliseconds / 1000);
                handler.OnDoubt(tunnel.Facade);
                break;
        }
    }

    private bool MayOutlive(TunnelEnd end) =>
        Core.Kept.IsOn && !Core.IsPeerFinal && !Core.IsEnding && !tunnel.Resumption.IsAsking
            && end.Kind is TunnelEndKind.ConnectionLost or TunnelEndKind.PeerClosed or TunnelEndKind.Timeout;

    /// <param name="reading">Completes when nothing is read any more.</param>
    /// <param name="told">Completes when the owner knows of the loss, so that it hears of what follows behind it.</param>
    private async Task BeQuietAsync(Task reading, Task told)
    {
        await reading;
        await Core.WaitIdleAsync();
        await told;
    }

    private void Tell(Action tell)
    {
        try
        {
            tell();
        }
        catch (Exception e)
        {
            // A defect of the owner's must not leave the tunnel between two connections.
            TransportLog.Defect(logger, e, name);
        }
    }

    // The task must be there before anything is read: what is read may give the connection to another tunnel, which waits for it.
    private TaskCompletionSource SetReading(TunnelLink link)
    {
        var start = new TaskCompletionSource();
        ending.Reading = ReadAsync(start.Task, link);
        return start;
    }

    private async Task ReadAsync(Task start, TunnelLink link)
    {
        await start;
        try
        {
            var end = await link.ReadAsync(isFirst: true);
            while (end is null && await tunnel.Resumption.ReadsOnAsync())
                end = await link.ReadAsync(isFirst: false);
            if (end is not null)
                Lose(end);
        }
        catch (Exception e) when (e is FrameViolationException or RecordFloodException)
        {
            tunnel.Break(e.Message);
        }
        catch (Exception e) when (TlsConnection.IsLoss(e))
        {
            Lose(new TunnelEnd(TunnelEndKind.ConnectionLost, e.InnerException?.Message ?? e.Message));
        }
        catch (Exception e)
        {
            tunnel.Fail(e);
        }
    }
}
