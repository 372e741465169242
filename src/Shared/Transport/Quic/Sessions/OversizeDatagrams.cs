using System.Buffers;
using System.Buffers.Binary;
using Tunnel.Shared.Protocol.Frames;
using Tunnel.Shared.Transport.Buffers;
using Tunnel.Shared.Transport.Quic.Core;
using Tunnel.Shared.Transport.Quic.Native;

namespace Tunnel.Shared.Transport.Quic.Sessions;

/// <summary>
/// Payloads that are too large for a datagram on this path: each goes as one unidirectional stream <c>[session_id: 4][payload]</c>
/// (protocol.md section 6), and <see cref="MaxStreams"/> may be open in each direction.
/// </summary>
internal sealed class OversizeDatagrams(QuicCore core, QuicSessions sessions)
{
    /// <summary>The most streams that may be open in each direction.</summary>
    public const ushort MaxStreams = 128;

    private const int Largest = QuicSessions.IdSize + FrameRules.MaxDatagram;

    private int _sending;
    private long _sent;

    private DatagramMemory Memory => core.Context.Flow.Datagrams;

    /// <summary>Payloads sent as streams so far.</summary>
    public long Sent => Volatile.Read(ref _sent);

    /// <summary>Sends a payload as a stream.</summary>
    /// <returns>False when it was dropped and counted.</returns>
    public bool TrySend(uint id, ReadOnlySpan<byte> payload)
    {
        if (Interlocked.Increment(ref _sending) <= MaxStreams && Outgoing.TrySend(this, core, id, payload))
        {
            Interlocked.Increment(ref _sent);
            core.Traffic.CountDatagramSent(payload.Length);
            return true;
        }

        Interlocked.Decrement(ref _sending);
        core.Traffic.Drops.Add(DatagramDrop.OversizeFull);
        return false;
    }

    /// <summary>Takes a payload that the peer sends as a stream. Called from the connection's callback.</summary>
    public int OnPeerStream(nint handle)
    {
        Incoming.Adopt(this, core, sessions, handle);
        return QuicStatus.Success;
    }

    private sealed class Outgoing(OversizeDatagrams owner, QuicCore core) : IStreamEvents
    {
        private StreamHandle? _handle;

        public static unsafe bool TrySend(OversizeDatagrams owner, QuicCore core, uint id, ReadOnlySpan<byte> payload)
        {
            var result = new Outgoing(owner, core);
            var length = QuicSessions.IdSize + payload.Length;
            if (!owner.Memory.TryTake(length))
                return false;
            if (StreamHandle.Open(core.Connection.Library, core.Connection.Handle, result, unidirectional: true) is not { } handle)
            {
                owner.Memory.Return(length);
                return false;
            }

            result._handle = handle;
            var block = NativeBlock.Allocate(length);
            BinaryPrimitives.WriteUInt32BigEndian(block->Room, id);
            payload.CopyTo(block->Room[QuicSessions.IdSize..]);
            block->Buffer.Length = (uint)block->Capacity;
            if (!QuicStatus.Failed(handle.SendWhole(&block->Buffer, (nint)block)))
                return true;
            result.Free(block);
            handle.Dispose();
            return false;
        }

        private unsafe void Free(NativeBlock* block)
        {
            owner.Memory.Return(block->Capacity);
            NativeBlock.Free(block);
        }

        public unsafe int OnStreamEvent(ref StreamEvent e)
        {
            if (e.Type == StreamEvent.SendComplete)
            {
                if (e.SendCanceled != 0)
                    core.Traffic.Drops.Add(DatagramDrop.Lost);
                Free((NativeBlock*)e.SendContext);
            }
            else if (e.Type == StreamEvent.ShutdownComplete)
            {
                Interlocked.Decrement(ref owner._sending);
                _handle!.Dispose();
            }

            return QuicStatus.Success;
        }

        public void OnDefect(Exception exception) => core.Connection.OnDefect(exception);
    }

    private sealed class Incoming(OversizeDatagrams owner, QuicCore core, QuicSessions sessions) : IStreamEvents
    {
        private StreamHandle? _handle;
        private byte[]? _bytes;
        private int _count;
        private bool _givenUp;

        public static void Adopt(OversizeDatagrams owner, QuicCore core, QuicSessions sessions, nint handle)
        {
            var result = new Incoming(owner, core, sessions);
            result._handle = StreamHandle.Adopt(core.Connection.Library, core.Connection.Handle, result, handle);
        }

        public unsafe int OnStreamEvent(ref StreamEvent e)
        {
            switch (e.Type)
            {
                case StreamEvent.Receive:
                    for (var i = 0; i < e.ReceiveCount; i++)
                        Append(e.ReceiveBuffers[i].Span);
                    break;
                case StreamEvent.PeerSendShutdown:
                    if (!_givenUp)
                        sessions.OnDatagram(_bytes.AsSpan(0, _count));
                    break;
                case StreamEvent.ShutdownComplete:
                    Release();
                    _handle!.Dispose();
                    break;
            }

            return QuicStatus.Success;
        }

        public void OnDefect(Exception exception) => core.Connection.OnDefect(exception);

        // The buffer grows with the bytes that come. Bytes beyond the largest payload are not kept.
        private void Append(ReadOnlySpan<byte> data)
        {
            if (_givenUp)
                return;
            if (_count + data.Length > Largest)
            {
                GiveUp(DatagramDrop.Malformed);
                return;
            }

            if ((_bytes is null || _count + data.Length > _bytes.Length) && !TryGrow(Math.Max(_count + data.Length, 2 * _count)))
            {
                GiveUp(DatagramDrop.OversizeFull);
                return;
            }

            data.CopyTo(_bytes.AsSpan(_count));
            _count += data.Length;
        }

        private bool TryGrow(int size)
        {
            var larger = ArrayPool<byte>.Shared.Rent(size);
            if (!owner.Memory.TryTake(larger.Length))
            {
                ArrayPool<byte>.Shared.Return(larger);
                return false;
            }

            _bytes.AsSpan(0, _count).CopyTo(larger);
            Release();
            _bytes = larger;
            return true;
        }

        private void GiveUp(DatagramDrop reason)
        {
            _givenUp = true;
            core.Traffic.Drops.Add(reason);
            _handle!.Abort(0);
        }

        private void Release()
        {
            if (_bytes is null)
                return;
            owner.Memory.Return(_bytes.Length);
            ArrayPool<byte>.Shared.Return(_bytes);
            _bytes = null;
        }
    }
}
