using System.Buffers.Binary;
using Tunnel.Shared.Protocol.Frames;
using Tunnel.Shared.Transport.Quic.Control;
using Tunnel.Shared.Transport.Quic.Core;

namespace Tunnel.Shared.Transport.Quic.Sessions;

/// <summary>
/// Sends UDP_CLOSE: for sessions that end here, and for datagrams of sessions that the hub does not know, so that the edge opens them
/// again. These answers are limited, so that a flood is not answered with a flood. Thread-safe.
/// </summary>
internal sealed class SessionClosings(QuicCore core, ControlSender control)
{
    private const int MaxAnswersPerSecond = 100;

    private readonly Lock _lock = new();
    private long _second;
    private int _answers;

    /// <summary>Tells the peer that a session has ended here.</summary>
    public void Send(uint id)
    {
        Span<byte> payload = stackalloc byte[QuicSessions.IdSize];
        BinaryPrimitives.WriteUInt32BigEndian(payload, id);
        control.Send(FrameType.UdpClose, payload);
    }

    /// <summary>Answers a datagram of an unknown session, unless too many were answered; the edge answers none.</summary>
    public void AnswerUnknown(uint id)
    {
        if (core.IsEdge)
            return;
        lock (_lock)
        {
            var second = core.Context.NowMilliseconds / 1000;
            if (second != _second)
                (_second, _answers) = (second, 0);
            if (++_answers > MaxAnswersPerSecond || !control.TryPassOpening())
                return;
        }

        Send(id);
    }
}
