using System.Buffers.Binary;
using Microsoft.Extensions.Logging.Abstractions;
using Nerdbank.Streams;
using Tunnel.Shared.Protocol.Frames;
using Tunnel.Shared.Transport;
using Tunnel.TestUtilities;
using TransportContext = Tunnel.Shared.Transport.TransportContext;

namespace Tunnel.Transport.ContractTests;

/// <summary>
/// Frames are cut into TLS records so that the peer, which reads two of 16 KiB at once, is not left with the first bytes of a third.
/// </summary>
public sealed class TlsRecordTests
{
    private const int Bulk = 4 << 20;

    [Fact]
    public async Task Bulk_is_sent_in_records_of_16_KiB()
    {
        var raw = new MemoryStream();
        var handler = new ScriptedHubHandler();
        var context = new TransportContext(new FlowControlOptions(), new ManualTimeProvider(), NullLoggerFactory.Instance);
        var (_, edge) = await ScriptedPeer.ConnectToHubAsync(context, handler, under: stream => Record(stream, raw));
        await edge.SendAsync(
            ScriptedPeer.Frame(0, FrameType.Hello, ScriptedPeer.Hello),
            ScriptedPeer.Frame(1, FrameType.Open, ScriptedPeer.OpenLine),
            ScriptedPeer.Frame(1, FrameType.WindowUpdate, ScriptedPeer.Credit(Bulk)));
        var stream = await handler.NextStreamAsync();
        stream.Attach(new FakeEndpoint { Says = Bulk });

        long received = 0;
        await edge.ReadUntilAsync(
            1, FrameType.CloseBack, (frame, payload) => received += frame.Type == FrameType.DataBack ? payload.Length : 0);

        var records = RecordSizes(raw.ToArray());
        Assert.Equal(Bulk, received);
        Assert.Equal(16 << 10, records.Max());
        Assert.InRange(records.Count(static size => size == 16 << 10), (Bulk >> 14) - 4, (Bulk >> 14) + 1);
        await edge.DisposeAsync();
    }

    // A record begins with its type, the version and two bytes of length (RFC 8446, section 5.1).
    private static List<int> RecordSizes(byte[] raw)
    {
        const int header = 5;
        List<int> sizes = [];
        for (var start = 0; start + header <= raw.Length; start += sizes[^1])
            sizes.Add(header + BinaryPrimitives.ReadUInt16BigEndian(raw.AsSpan(start + 3)));
        return sizes;
    }

    private static MonitoringStream Record(Stream stream, MemoryStream read)
    {
        var monitored = new MonitoringStream(stream);
        monitored.DidReadMemory += (_, bytes) => read.Write(bytes.Span);
        return monitored;
    }
}
