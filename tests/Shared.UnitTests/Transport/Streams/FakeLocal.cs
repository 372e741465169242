using Tunnel.Shared.Transport;

namespace Tunnel.Shared.UnitTests.Transport.Streams;

/// <summary>Writes down how the local end of a stream is ended.</summary>
internal sealed class FakeLocal : ILocalEndpoint
{
    public List<string> Heard { get; } = [];

    /// <summary>Is called with the local end as soon as it is there.</summary>
    public Action? OnStart { get; set; }

    public void Start(ITunnelStream stream)
    {
        Heard.Add("start");
        OnStart?.Invoke();
    }

    public void ShutdownWrite() => Heard.Add("FIN");

    public void Close() => Heard.Add("close");

    public void Reset(bool flush) => Heard.Add(flush ? "RST behind data" : "RST");

    public LocalReadStatus TryRead(Span<byte> buffer, out int count) => throw new NotSupportedException();

    public bool ArmRead() => throw new NotSupportedException();

    public void ParkRead() => throw new NotSupportedException();

    public int TryWrite(ReadOnlySpan<byte> data) => throw new NotSupportedException();

    public ValueTask<bool> WriteAsync(ReadOnlyMemory<byte> data) => throw new NotSupportedException();
}
