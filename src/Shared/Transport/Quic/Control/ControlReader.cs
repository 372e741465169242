using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using Tunnel.Shared.Protocol.Frames;
using Tunnel.Shared.Protocol.Proxy;
using Tunnel.Shared.Transport.Handshake;
using Tunnel.Shared.Transport.Streams;

namespace Tunnel.Shared.Transport.Quic.Control;

/// <summary>Splits the control stream into frames and checks each against the rules of protocol.md sections 3 and 6.</summary>
/// <param name="isEdge">True at the edge.</param>
/// <param name="terms">The terms agreed on so far.</param>
/// <param name="inbox">Takes the control messages.</param>
/// <param name="frames">Is told of the other frames.</param>
/// <param name="reader">The control stream.</param>
/// <param name="received">Bytes that came with the handshake line.</param>
internal sealed class ControlReader(
    bool isEdge, TunnelTerms terms, ControlInbox inbox, IControlFrames frames, PipeReader reader, ReadOnlyMemory<byte> received)
{
    private const int SessionIdSize = 4;

    private bool _heldBack;

    private bool Moves => (terms.Features & TunnelFeatures.Move) != 0;

    /// <summary>Reads the frames up to the end of the stream.</summary>
    /// <exception cref="FrameViolationException">The peer broke the protocol.</exception>
    public async Task RunAsync()
    {
        var rest = received.ToArray();
        while (true)
        {
            var result = await reader.ReadAsync();
            // The bytes that came with the handshake line are put in front once; they are few.
            var buffer = rest.Length == 0 ? result.Buffer : new ReadOnlySequence<byte>([.. rest, .. result.Buffer.ToArray()]);
            var used = Process(buffer);

            // Nothing is read meanwhile, so a peer that does not take its frames can't make the backlog grow.
            while (_heldBack)
            {
                await frames.WaitForEndingsAsync();
                used += Process(buffer.Slice(used));
            }

            if (rest.Length == 0)
            {
                reader.AdvanceTo(buffer.GetPosition(used), buffer.End);
            }
            else
            {
                rest = buffer.Slice(used).ToArray();
                reader.AdvanceTo(result.Buffer.End);
            }

            if (result.IsCompleted)
                return;
        }
    }

    private long Process(ReadOnlySequence<byte> buffer)
    {
        _heldBack = false;
        var used = 0L;
        Span<byte> head = stackalloc byte[ControlSender.HeaderSize];
        while (buffer.Length - used >= ControlSender.HeaderSize && !frames.IsOver)
        {
            buffer.Slice(used, ControlSender.HeaderSize).CopyTo(head);
            var type = (FrameType)head[0];
            if (type == FrameType.UdpOpen && !frames.TryPassOpening())
            {
                _heldBack = true;
                break;
            }

            var length = BinaryPrimitives.ReadUInt32BigEndian(head[1..]);
            Check(type, length);
            if (buffer.Length - used < ControlSender.HeaderSize + length)
                break;
            frames.OnFrame();
            var payload = buffer.Slice(used + ControlSender.HeaderSize, length);
            Handle(type, payload.IsSingleSegment ? payload.FirstSpan : payload.ToArray());
            used += ControlSender.HeaderSize + length;
            inbox.NoteFrame(type);
        }

        return used;
    }

    private void Check(FrameType type, uint length)
    {
        var isSession = type is FrameType.UdpOpen or FrameType.UdpClose;
        var header = new FrameHeader(isSession ? 1u : 0u, type, isSession ? length - SessionIdSize : length);
        if (isSession && length < SessionIdSize)
            throw new FrameViolationException(header, "has no session id");
        if (type == FrameType.UdpOpen && !terms.IsExtended)
            throw new FrameViolationException(header, "before HELLO");
        if (!isSession && !FrameRules.IsTunnelLevel(type) && (byte)type < FrameRules.FirstSkippableType)
            throw new FrameViolationException(header, "not on QUIC's control stream");
        if (type == FrameType.Ack && Moves && length > FrameRules.MaxControlJson)
            throw new FrameViolationException(header, $"longer than {FrameRules.MaxControlJson} bytes");
        if (FrameRules.Check(header, !isEdge, 0, resetAgreed: false) is { } fault)
            throw new FrameViolationException(header, fault);
        if (inbox.CheckOrder(type) is { } disorder)
            throw new FrameViolationException(header, disorder);
    }

    private void Handle(FrameType type, ReadOnlySpan<byte> payload)
    {
        string? error = null;
        switch (type)
        {
            case FrameType.UdpOpen:
                var id = BinaryPrimitives.ReadUInt32BigEndian(payload);
                if (UdpOpenPayload.TryParse(payload[SessionIdSize..], out var source, out var destination, out var port, out error))
                    error = frames.OnUdpOpen(id, new StreamOpening(source, destination, port));
                break;
            case FrameType.UdpClose:
                frames.OnUdpClose(BinaryPrimitives.ReadUInt32BigEndian(payload));
                break;
            case FrameType.Ping:
                frames.OnPing(payload);
                break;
            case FrameType.Pong:
                frames.OnPong(payload);
                break;
            case FrameType.Ack when Moves:
                error = frames.OnAck(payload);
                break;
            case FrameType.Probe:
                frames.OnProbe();
                break;
            default:
                error = inbox.Take(type, payload);
                break;
        }

        if (error is not null)
            throw new FrameViolationException(new FrameHeader(0, type, (uint)payload.Length), error);
    }
}
