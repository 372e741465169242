using BenchmarkDotNet.Attributes;
using Tunnel.Shared.Protocol.Frames;
using Tunnel.Shared.Transport.Mux.Core;

namespace Tunnel.Bench.Micro;

/// <summary>Measures frame headers, as many as a full batch of small frames has.</summary>
[MemoryDiagnoser]
public class FrameCodec
{
    private const int Frames = 1_000;
    private readonly byte[] _buffer = new byte[Frames * (FrameHeader.Size + sizeof(uint))];

    [GlobalSetup]
    public void Fill() => Encode();

    [Benchmark(OperationsPerInvoke = Frames)]
    public int Encode()
    {
        var used = 0;
        for (uint id = 1; id <= Frames; id++)
            used += FrameEncoder.Credit(_buffer.AsSpan(used), id, fromEdge: true, bytes: 65_536);
        return used;
    }

    [Benchmark(OperationsPerInvoke = Frames)]
    public uint Decode()
    {
        uint sum = 0;
        for (var at = 0; at < _buffer.Length;)
        {
            var header = FrameHeader.Read(_buffer.AsSpan(at));
            sum += header.StreamId;
            at += FrameHeader.Size + (int)header.Length;
        }

        return sum;
    }
}
