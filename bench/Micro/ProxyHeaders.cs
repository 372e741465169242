using System.Net;
using BenchmarkDotNet.Attributes;
using Tunnel.Shared.Protocol.Proxy;

namespace Tunnel.Bench.Micro;

/// <summary>
/// Measures PROXY headers: written once for each connection (v1) and for each datagram (v2), parsed once for each connection.
/// </summary>
[MemoryDiagnoser]
public class ProxyHeaders
{
    private readonly IPEndPoint _source = new(IPAddress.Parse("203.0.113.77"), 51_622);
    private readonly IPEndPoint _destination = new(IPAddress.Parse("198.51.100.1"), 443);
    private readonly IPEndPoint _source6 = new(IPAddress.Parse("2001:db8::77"), 51_622);
    private readonly IPEndPoint _destination6 = new(IPAddress.Parse("2001:db8::1"), 443);
    private readonly byte[] _buffer = new byte[ProxyV1.MaxLength];
    private byte[] _v1 = [];
    private byte[] _v2 = [];

    [GlobalSetup]
    public void Fill()
    {
        _v1 = _buffer.AsSpan(0, WriteV1()).ToArray();
        _v2 = _buffer.AsSpan(0, WriteV2()).ToArray();
    }

    [Benchmark]
    public int WriteV1() => ProxyV1.Write(_buffer, _source, _destination);

    [Benchmark]
    public int WriteV1IPv6() => ProxyV1.Write(_buffer, _source6, _destination6);

    [Benchmark]
    public int WriteV2() => ProxyV2.Write(_buffer, _source, _destination, ProxyTransport.Datagram);

    [Benchmark]
    public int ParseV1()
    {
        ProxyV1.TryParse(_v1, out _, out var consumed);
        return consumed;
    }

    [Benchmark]
    public int ParseV2()
    {
        ProxyV2.TryParse(_v2, out _, out var consumed);
        return consumed;
    }
}
