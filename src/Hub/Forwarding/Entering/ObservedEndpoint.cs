using System.Collections.Immutable;
using Tunnel.Hub.Hooks;
using Tunnel.Shared.Transport;

namespace Tunnel.Hub.Forwarding.Entering;

/// <summary>
/// Shows hooks the first bytes of both directions as they pass. They get copies, in order, and nothing waits for them. Behind those bytes
/// it costs a comparison.
/// </summary>
internal sealed class ObservedEndpoint(
    ILocalEndpoint inner, string uniqueId, ImmutableArray<IConnectionHook> observers, HookRunner runner) : ILocalEndpoint
{
    /// <summary>The most bytes that are shown of each direction.</summary>
    public const int MaxShown = 16 << 10;

    private readonly Lock _lock = new();
    private Task _showing = Task.CompletedTask;
    private int _in;
    private int _out;

    public void Start(ITunnelStream stream) => inner.Start(stream);

    public LocalReadStatus TryRead(Span<byte> buffer, out int count)
    {
        var status = inner.TryRead(buffer, out count);
        if (_out < MaxShown && count > 0)
            Show(ref _out, buffer[..count], isFromClient: false);
        return status;
    }

    public bool ArmRead() => inner.ArmRead();

    public void ParkRead() => inner.ParkRead();

    public int TryWrite(ReadOnlySpan<byte> data)
    {
        var taken = inner.TryWrite(data);
        if (_in < MaxShown && taken > 0)
            Show(ref _in, data[..taken], isFromClient: true);
        return taken;
    }

    public ValueTask<bool> WriteAsync(ReadOnlyMemory<byte> data)
    {
        if (_in < MaxShown)
            Show(ref _in, data.Span, isFromClient: true);
        return inner.WriteAsync(data);
    }

    public void ShutdownWrite() => inner.ShutdownWrite();

    public void Close() => inner.Close();

    public void Reset(bool flush) => inner.Reset(flush);

    private void Show(ref int shown, ReadOnlySpan<byte> bytes, bool isFromClient)
    {
        var part = bytes[..Math.Min(bytes.Length, MaxShown - shown)];
        var data = new ConnectionData(uniqueId, isFromClient, shown, part.ToArray());
        shown += part.Length;
        lock (_lock)
            _showing = ShowAsync(_showing, data);
    }

    private async Task ShowAsync(Task before, ConnectionData data)
    {
        await before;
        foreach (var observer in observers)
            await runner.ShowAsync(observer, data);
    }
}
