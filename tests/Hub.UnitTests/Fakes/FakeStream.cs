using Tunnel.Shared.Protocol;
using Tunnel.Shared.Transport;

namespace Tunnel.Hub.UnitTests.Fakes;

/// <summary>A stream without a tunnel.</summary>
internal sealed class FakeStream : ITunnelStream
{
    private readonly TaskCompletionSource<ILocalEndpoint> _attached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<ResetReason> _reset = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public uint Id => 1;

    public IStreamObserver? Observer { get; set; }

    public long BytesSent { get; set; } = 20;

    public long BytesReceived { get; set; } = 10;

    public bool WasReset => _reset.Task.IsCompleted;

    public bool IsAttached => _attached.Task.IsCompleted;

    public void Attach(ILocalEndpoint endpoint) => _attached.TrySetResult(endpoint);

    public void NotifyReadable()
    {
    }

    public void NotifyLocalReset()
    {
    }

    public void Reset(ResetReason reason) => _reset.TrySetResult(reason);

    public Task<ILocalEndpoint> AttachedAsync() => _attached.Task.WaitAsync(Patience.Limit);

    public Task<ResetReason> ResetAsync() => _reset.Task.WaitAsync(Patience.Limit);

    public void EndByPeer() => Observer!.OnStreamClosed(this, new StreamEnd(StreamEndSide.Remote, ResetReason.ResetByPeer));
}
