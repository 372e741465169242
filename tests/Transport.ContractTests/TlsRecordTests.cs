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
        var raw = new MemoryStream();
        var handler = new ScriptedHubHandler();
        var context = new TransportContext(new FlowControlOptions(), new ManualTimeProvider(), NullLoggerFactory.Instance);
        var (_, edge) = await ScriptedPeer.ConnectToHubAsync(context, handler, under: stream => new RecordingStream(stream, raw));
        await edge.SendAsync(
            ScriptedPeer.Frame(0, FrameType.Hello, ScriptedPeer.Hello),
            ScriptedPeer.Frame(1, FrameType.Open, ScriptedPeer.OpenLine),
            ScriptedPeer.Frame(1, FrameType.WindowUpdate, ScriptedPeer.Credit(Bulk)));
        var stream = await handler.NextStreamAsync();
        stream.Attach(new FakeEndpoint { Says = Bulk });

        long received = 0;
        await edge.ReadUntilAsync(1, FrameType.CloseBack, (frame, payload) => received += frame.Type == FrameType.DataBack ? payload.Length : 0);

        var records = RecordSizes(raw.ToArray());
        Assert.Equal(Bulk, received);
        Assert.Equal(16 << 10, records.Max());
        Assert.InRange(records.Count(static size => size == 16 << 10), (Bulk >> 14) - 4, (Bulk >> 14) + 1);
        await edge.DisposeAsync();
    }

    // RFC 8446 section 5.1: type, version, two bytes of length.
    private static List<int> RecordSizes(byte[] raw)
    {
        const int header = 5;
        List<int> sizes = [];
        for (var start = 0; start + header <= raw.Length; start += sizes[^1])
            sizes.Add(header + BinaryPrimitives.ReadUInt16BigEndian(raw.AsSpan(start + 3)));
        return sizes;
    }

    /// <summary>Keeps all that is read.</summary>
    private sealed class RecordingStream(Stream inner, MemoryStream read) : Stream
    {
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
            read.Write(buffer.Span[..count]);
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
            if (disposing)
                inner.Dispose();
            base.Dispose(disposing);
        }
    }
}
