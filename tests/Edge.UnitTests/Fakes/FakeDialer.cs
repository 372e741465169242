using System.Threading.Channels;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport;

namespace Tunnel.Edge.UnitTests.Fakes;

/// <summary>A dialer whose dials the test answers one by one.</summary>
internal sealed class FakeDialer(TransportKind kind = TransportKind.TcpTls) : ITunnelDialer
{
    private readonly Channel<Dial> _dials = Channel.CreateUnbounded<Dial>();

    public TransportKind Kind => kind;

    /// <summary>Dials that the test has not taken yet.</summary>
    public int Waiting => _dials.Reader.Count;

    public Task<DialResult> DialAsync(DialRequest request, CancellationToken cancellationToken)
    {
        var dial = new Dial(request, cancellationToken);
        _dials.Writer.TryWrite(dial);
        return dial.Result.Task.WaitAsync(cancellationToken);
    }

    public Task<Dial> NextAsync() => _dials.Reader.ReadAsync().AsTask().Soon();

    internal sealed record Dial(DialRequest Request, CancellationToken Cancelled)
    {
        public TaskCompletionSource<DialResult> Result { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Connect(FakeTunnel tunnel, TunnelConfig? config = null) =>
            Result.SetResult(DialResult.Connected(tunnel, config ?? new TunnelConfig()));

        public void Fail(DialFailureKind kind, string message = "failed by the test") => Result.SetResult(DialResult.Failed(kind, message));
    }
}
