using Tunnel.Shared.Protocol.Frames;
using Tunnel.Shared.Transport.Quic.Core;

namespace Tunnel.Shared.Transport.Quic.Control;

/// <summary>
/// Asks the peer for signs of life (protocol.md section 3, Liveness): the hub by PING, the edge by PROBE where it has reason to doubt. A
/// peer that is silent for 45 s is given up by msquic.
/// </summary>
internal sealed class PeerWatch
{
    private readonly QuicCore _core;
    private readonly ControlSender _control;
    private readonly Liveness _liveness;
    private readonly PeerDoubt _doubt;
    private long _framesHeard;

    public PeerWatch(QuicCore core, ControlSender control)
    {
        (_core, _control) = (core, control);
        _liveness = new Liveness(core.Context.NowMilliseconds);
        _doubt = new PeerDoubt(core.Context.NowMilliseconds);
    }

    /// <summary>Edge: true when the hub was asked and has not answered in time.</summary>
    public bool IsInDoubt => _doubt.IsOn;

    /// <inheritdoc cref="ITunnel.Suspect"/>
    public void Suspect() => _doubt.Suspect();

    /// <summary>Edge: grows with everything that comes from the hub.</summary>
    public long Heard
    {
        get
        {
            var traffic = _core.Traffic.Snapshot();
            return Volatile.Read(ref _framesHeard) + traffic.BytesReceived + traffic.DatagramsReceived;
        }
    }

    /// <summary>Edge: asks the hub for a sign of life at once.</summary>
    public bool Ask()
    {
        if ((_core.Terms.Features & TunnelFeatures.Probe) == 0)
            return false;
        _control.Send(FrameType.Probe, []);
        return true;
    }

    /// <summary>Notes that a frame came. Only the control stream's reader calls this.</summary>
    public void NoteHeard() => Volatile.Write(ref _framesHeard, _framesHeard + 1);

    /// <summary>Handles a PONG.</summary>
    public void OnPong(ReadOnlySpan<byte> payload)
    {
        lock (_core.Sync)
            _liveness.OnPong(payload);
    }

    /// <summary>Sends PING to ask for a sign of life; it is also the hub's answer to PROBE.</summary>
    public void SendPing()
    {
        byte[] payload;
        lock (_core.Sync)
            payload = _liveness.MakePing(_core.Context.NowMilliseconds, _core.Context.Time.GetTimestamp(), empty: false);
        _control.Send(FrameType.Ping, payload);
    }

    /// <summary>Sends PING.</summary>
    /// <returns>True when the peer answered within <paramref name="timeout"/>.</returns>
    public async Task<bool> ProbeAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        Task answer;
        lock (_core.Sync)
            answer = _liveness.WaitForPong();
        SendPing();
        try
        {
            await answer.WaitAsync(timeout, _core.Context.Time, cancellationToken);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    /// <summary>Looks at the peer; a timer of the tunnel calls this, four times a second at an edge and once at a hub.</summary>
    /// <returns>True when the edge has come to doubt the hub, so that another path is worth a try.</returns>
    public bool Tick()
    {
        if (_core.IsEdge)
            return LookAtHub();
        bool isDue;
        lock (_core.Sync)
            isDue = _liveness.IsPingDue(_core.Context.NowMilliseconds);
        if (isDue)
            SendPing();
        return false;
    }

    private bool LookAtHub()
    {
        if ((_core.Terms.Features & TunnelFeatures.Probe) == 0)
            return false;
        var traffic = _core.Traffic.Snapshot();
        var carried = traffic.BytesSent + traffic.BytesReceived + traffic.StreamsOpened;
        var step = _doubt.Look(_core.Context.NowMilliseconds, Heard, _core.Connection.Control.Acknowledged, carried);
        if (step == DoubtStep.Ask)
            _control.Send(FrameType.Probe, []);
        if (step != DoubtStep.Doubt)
            return false;
        TransportLog.InDoubt(_core.Logger, _core.Name, _core.Connection.RemoteEndPoint, PeerDoubt.AnswerMilliseconds / 1000);
        _core.Connection.MoveToNewPort();
        return true;
    }
}
