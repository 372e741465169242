using Tunnel.Shared.Protocol;
using Tunnel.Shared.Transport;

namespace Tunnel.Edge.UnitTests.Fakes;

internal sealed class FakeStream(uint id, IStreamObserver? observer) : ITunnelStream
{
    private int _over;

    public uint Id => id;

    public IStreamObserver? Observer { get; set; } = observer;

    public long BytesSent { get; set; }

    public long BytesReceived { get; set; }

    public bool IsOver => _over != 0;

    public ResetReason? WasReset { get; private set; }

    public void Attach(ILocalEndpoint endpoint) => throw new NotSupportedException();

    public void NotifyReadable() => throw new NotSupportedException();

    public void NotifyLocalReset() => throw new NotSupportedException();

    public void Reset(ResetReason reason)
    {
        WasReset ??= reason;
        End(new StreamEnd(StreamEndSide.Local, reason));
    }

    public void End(StreamEnd end)
    {
        if (Interlocked.Exchange(ref _over, 1) == 0)
            Observer?.OnStreamClosed(this, end);
    }
}
