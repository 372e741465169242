using System.Buffers.Binary;
using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Shared.Protocol.Frames;
using Tunnel.Shared.Transport;
using Tunnel.TestUtilities;
using TransportContext = Tunnel.Shared.Transport.TransportContext;

namespace Tunnel.Transport.ContractTests;

/// <summary>How frames are cut into TLS records: the peer reads two of 16 KiB at once, and must not be left with the first bytes of a third.</summary>
public sealed class TlsRecordTests
{
    private const int Bulk = 4 << 20;

    [Fact]
    public async Task Bulk_is_sent_in_records_of_16_KiB()
    {
        var records = new List<int>();
        var handler = new ScriptedHubHandler();
        var context = new TransportContext(new FlowControlOptions(), new ManualTimeProvider(), NullLoggerFactory.Instance);
        var (_, edge) = await ScriptedPeer.ConnectToHubAsync(context, handler, under: stream => new RecordingStream(stream, records));
        await edge.SendAsync(
            ScriptedPeer.Frame(0, FrameType.Hello, ScriptedPeer.Hello),
            ScriptedPeer.Frame(1, FrameType.Open, ScriptedPeer.OpenLine),
            ScriptedPeer.Frame(1, FrameType.WindowUpdate, ScriptedPeer.Credit(Bulk)));
        var stream = await handler.NextStreamAsync();
        stream.Attach(new TalkativeEndpoint(Bulk));

        long received = 0;
        await edge.ReadUntilAsync(1, FrameType.CloseBack, (frame, payload) => received += frame.Type == FrameType.DataBack ? payload.Length : 0);

        Assert.Equal(Bulk, received);
        Assert.Equal(16 << 10, records.Max());
        Assert.InRange(records.Count(static size => size == 16 << 10), (Bulk >> 14) - 4, (Bulk >> 14) + 1);
        await edge.DisposeAsync();
    }

    /// <summary>Has so many bytes to say, all of them at once, and then its end.</summary>
    private sealed class TalkativeEndpoint(int bytes) : ILocalEndpoint
    {
        private int _left = bytes;

        public void Start(ITunnelStream stream)
        {
        }

        public LocalReadStatus TryRead(Span<byte> buffer, out int count)
        {
            count = Math.Min(buffer.Length, _left);
            _left -= count;
            return count > 0 ? LocalReadStatus.Data : LocalReadStatus.EndOfFile;
        }

        public bool ArmRead() => true;

        public void ParkRead()
        {
        }

        public int TryWrite(ReadOnlySpan<byte> data) => data.Length;

        public ValueTask<bool> WriteAsync(ReadOnlyMemory<byte> data) => new(true);

        public void ShutdownWrite()
        {
        }

        public void Close()
        {
        }

        public void Reset(bool flush)
        {
        }
    }

    /// <summary>Notes the size of each TLS record that is read (RFC 8446 section 5.1: type, version, two bytes of length).</summary>
    private sealed class RecordingStream(Stream inner, List<int> records) : Stream
    {
        private const int HeaderSize = 5;

        private readonly byte[] _header = new byte[HeaderSize];
        private int _filled;
        private int _left;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var count = await inner.ReadAsync(buffer, cancellationToken);
            Note(buffer.Span[..count]);
            return count;
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => inner.WriteAsync(buffer, cancellationToken);

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => inner.Write(buffer, offset, count);

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing) inner.Dispose();
            base.Dispose(disposing);
        }

        private void Note(ReadOnlySpan<byte> data)
        {
            while (!data.IsEmpty)
            {
                var count = Math.Min(data.Length, _left > 0 ? _left : HeaderSize - _filled);
                if (_left > 0)
                {
                    _left -= count;
                }
                else
                {
                    data[..count].CopyTo(_header.AsSpan(_filled));
                    _filled += count;
                    if (_filled == HeaderSize)
                    {
                        _filled = 0;
                        _left = BinaryPrimitives.ReadUInt16BigEndian(_header.AsSpan(3));
                        records.Add(HeaderSize + _left);
                    }
                }

                data = data[count..];
            }
        }
    }
}
