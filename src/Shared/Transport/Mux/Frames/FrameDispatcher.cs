using System.Buffers;
using System.Buffers.Binary;
using Tunnel.Shared.Protocol;
using Tunnel.Shared.Protocol.Frames;
using Tunnel.Shared.Protocol.Proxy;
using Tunnel.Shared.Transport.Mux.Core;
using Tunnel.Shared.Transport.Mux.Streams;

namespace Tunnel.Shared.Transport.Mux.Frames;

/// <summary>
/// Splits received bytes into frames, checks each against the rules, and passes it to its stream, session or owner. DATA is passed on as it
/// comes; other frames are processed once they are complete. Only the reader uses it.
/// </summary>
internal sealed class FrameDispatcher(MuxCore core, InboundFrames inbound)
{
    // Whole frames up to this size fit into the read buffer behind a header.
    private const int LargestInBuffer = 96 << 10;

    // The first size of the buffer for a frame that does not fit. The buffer grows with the bytes that come, whatever length the frame has
    // announced.
    private const int FirstLarge = 128 << 10;

    private FrameHeader _header;
    private MuxStream? _stream;
    private uint _dataLeft;
    private uint _skipLeft;
    private byte[]? _large;
    private int _largeFilled;
    private bool _carriedData;
    private int _cost;
    private int _uncounted;

    /// <summary>Bytes that have not come yet of the DATA frame that is being passed on.</summary>
    public int DataLeft => (int)_dataLeft;

    /// <summary>True when an opening has come that can't be processed before the peer has taken its unsent endings.</summary>
    public bool IsHeldBack { get; private set; }

    /// <summary>Processes as many bytes as it can.</summary>
    /// <param name="data">The received bytes.</param>
    /// <param name="limit">The cost after which no further frame is processed; a small frame costs 1.</param>
    /// <exception cref="FrameViolationException">The peer broke the protocol.</exception>
    public (int Bytes, int Cost, bool CarriedData) Process(ReadOnlySpan<byte> data, int limit)
    {
        _carriedData = false;
        _cost = _uncounted = 0;
        IsHeldBack = false;
        var used = 0;
        while (used < data.Length && _cost < limit && !core.StopsReading)
        {
            // A tunnel that has ended only reads on to the connection's end.
            if (core.IsDead)
                return (data.Length, 0, false);
            var step = Step(data[used..]);
            if (step == 0)
                break;
            used += step;
        }

        core.NoteReceived(used - _uncounted);
        inbound.OnRoundDone();
        return (used, _cost, _carriedData);
    }

    private int Step(ReadOnlySpan<byte> data)
    {
        if (_dataLeft > 0)
            return ContinueData(data);
        if (_skipLeft > 0)
            return Skip(data);
        if (_large is not null)
            return ContinueLarge(_large, data);
        if (data.Length < FrameHeader.Size)
            return 0;

        _header = FrameHeader.Read(data);
        _cost += CostOf(_header.Type);
        if (FrameRules.Check(
            _header, !core.IsEdge, core.Terms.ReceiveLimit, (core.Terms.Features & TunnelFeatures.Reset) != 0, core.Kept.IsOn) is { } fault)
        {
            throw new FrameViolationException(_header, fault);
        }

        if (inbound.Inbox.CheckOrder(_header.Type) is { } disorder)
            throw Violation(disorder);

        switch (_header.Type)
        {
            case FrameType.Data or FrameType.DataBack:
                inbound.Inbox.NoteFrame(_header.Type);
                BeginData();
                return FrameHeader.Size;
            case var type when FrameRules.MaxLength(type, 0, core.Kept.IsOn) is null:
                inbound.Inbox.NoteFrame(_header.Type);
                _skipLeft = _header.Length;
                return FrameHeader.Size;
            case var _ when _header.Length > LargestInBuffer:
                // Only a configuration is so large; the announced length was capped above.
                _large = ArrayPool<byte>.Shared.Rent(Math.Min(FirstLarge, (int)_header.Length));
                _largeFilled = 0;
                return FrameHeader.Size;
            default:
                var length = FrameHeader.Size + (int)_header.Length;
                if (data.Length < length)
                    return 0;
                if (_header.Type is FrameType.Open or FrameType.UdpOpen && !inbound.TryPassOpening())
                {
                    IsHeldBack = true;
                    return 0;
                }

                inbound.Inbox.NoteFrame(_header.Type);
                if (LinkFrames.Has(_header.Type))
                    _uncounted += length;
                Handle(data[FrameHeader.Size..length]);
                return length;
        }
    }

    private void BeginData()
    {
        _carriedData = true;
        _dataLeft = _header.Length;
        inbound.EndDatagrams();
        _stream = inbound.FindStream(_header);
        if (_stream is { TakesData: false })
            throw new FrameViolationException(_header, "DATA after CLOSE");
    }

    private int ContinueData(ReadOnlySpan<byte> data)
    {
        _carriedData = true;
        var count = (int)Math.Min(_dataLeft, (uint)data.Length);
        _dataLeft -= (uint)count;
        if (_stream is { } stream && !stream.Receiver.OnData(data[..count]))
            throw new FrameViolationException(_header, "DATA beyond the credit");
        return count;
    }

    private int Skip(ReadOnlySpan<byte> data)
    {
        var count = (int)Math.Min(_skipLeft, (uint)data.Length);
        _skipLeft -= (uint)count;
        return count;
    }

    private int ContinueLarge(byte[] large, ReadOnlySpan<byte> data)
    {
        var count = Math.Min(data.Length, (int)_header.Length - _largeFilled);
        large = MakeRoom(large, count);
        data[..count].CopyTo(large.AsSpan(_largeFilled));
        _largeFilled += count;
        if (_largeFilled < (int)_header.Length)
            return count;
        Handle(large.AsSpan(0, _largeFilled));
        _large = null;
        ArrayPool<byte>.Shared.Return(large);
        return count;
    }

    private byte[] MakeRoom(byte[] large, int count)
    {
        if (large.Length - _largeFilled >= count)
            return large;
        var larger = ArrayPool<byte>.Shared.Rent(Math.Min(Math.Max(large.Length * 2, _largeFilled + count), (int)_header.Length));
        large.AsSpan(0, _largeFilled).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(large);
        return _large = larger;
    }

    private void Handle(ReadOnlySpan<byte> payload)
    {
        switch (_header.Type)
        {
            case FrameType.Open:
                var opening = StreamOpening.Read(payload, inbound.Moves, out var error);
                if (error is not null)
                    throw Violation(error);
                inbound.OnOpen(_header, opening);
                break;
            case FrameType.Close or FrameType.CloseBack:
                if (inbound.FindStream(_header)?.OnRemoteClose() == false)
                    throw Violation("second CLOSE");
                break;
            case FrameType.WindowUpdate or FrameType.WindowUpdateBack:
                if (inbound.FindStream(_header)?.OnCredit(BinaryPrimitives.ReadUInt32BigEndian(payload)) == false)
                    throw Violation("credit beyond what a window can be");
                break;
            case FrameType.Reset:
                inbound.FindStream(_header)?.Life.OnRemoteReset(
                    Enum.IsDefined((ResetReason)payload[0]) ? (ResetReason)payload[0] : ResetReason.Unspecified);
                break;
            case FrameType.UdpOpen:
                if (!UdpOpenPayload.TryParse(payload, out var source, out var destination, out var port, out error))
                    throw Violation(error);
                inbound.OnUdpOpen(_header, new StreamOpening(source, destination, port));
                break;
            case FrameType.UdpData or FrameType.UdpDataBack:
                _carriedData = true;
                inbound.OnUdpData(_header, payload);
                break;
            case FrameType.UdpClose:
                inbound.OnUdpClose(_header);
                break;
            default:
                HandleTunnelFrame(payload);
                break;
        }
    }

    private void HandleTunnelFrame(ReadOnlySpan<byte> payload)
    {
        switch (_header.Type)
        {
            case FrameType.Ping:
                inbound.OnPing(payload);
                break;
            case FrameType.Pong:
                inbound.OnPong(payload);
                break;
            case FrameType.Probe:
                inbound.OnProbe();
                break;
            case FrameType.Resume:
                if (inbound.OnResume(payload) is { } untrue)
                    throw Violation(untrue);
                break;
            case FrameType.Ack:
                if (inbound.OnAck(BinaryPrimitives.ReadInt64BigEndian(payload)) is { } lie)
                    throw Violation(lie);
                break;
            default:
                if (inbound.OnControl(_header.Type, payload) is { } fault)
                    throw Violation(fault);
                break;
        }
    }

    // Frames that open and end flows open and close sockets, which takes a dozen system calls.
    private static int CostOf(FrameType type) => type switch
    {
        FrameType.Open or FrameType.UdpOpen => 16,
        FrameType.Reset or FrameType.Close or FrameType.CloseBack or FrameType.UdpClose => 8,
        _ => 1,
    };

    private FrameViolationException Violation(string cause) => new(_header, cause);
}
