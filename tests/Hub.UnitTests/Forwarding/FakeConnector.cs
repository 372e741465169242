using Tunnel.Hub.Targets;
using Tunnel.Hub.Targets.Connecting;
using Tunnel.Hub.UnitTests.Fakes;

namespace Tunnel.Hub.UnitTests.Forwarding;

/// <summary>An upstream that never answers.</summary>
internal sealed class FakeConnector : IUpstreamConnector
{
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public (string Host, int Port)? Asked { get; private set; }

    public async ValueTask<ConnectOutcome> ConnectAsync(UpstreamRequest request, CancellationToken limit)
    {
        Asked = (request.Host, request.Port);
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = limit.Register(ended.SetResult);
        await ended.Task;
        _ended.TrySetResult();
        return ConnectOutcome.Failed(StreamFailure.ConnectTimeout);
    }

    public Task EndedAsync() => _ended.Task.WaitAsync(Patience.Limit);
}
