using Tunnel.Shared.Protocol;
using Tunnel.Shared.Transport;
using Tunnel.Shared.Transport.Streams;

namespace Tunnel.Shared.UnitTests.Transport.Streams;

/// <summary>
/// Writes down what a life asks its transport for, and says what a test wants. With <see cref="Life"/> it is also the stream that an owner
/// sees. Moving streams call it from other threads.
/// </summary>
internal sealed class FakeCarrier : IStreamCarrier
{
    /// <summary>The requests, in the order in which they came.</summary>
    public List<string> Asked { get; } = [];

    /// <summary>The life of the stream; null where the test calls it by itself.</summary>
    public StreamLife? Life { get; set; }

    public List<Exception> Defects { get; } = [];

    public bool IsBlocked { get; set; }

    public long BlockedSince { get; set; }

    public long LastProgress { get; set; }

    public bool WaitsAfterReset { get; set; }

    public uint Id { get; init; } = 1;

    public IStreamObserver? Observer { get => Life!.Observer; set => Life!.Observer = value; }

    public long BytesSent => 0;

    public long BytesReceived => 0;

    public void CountIn(TrafficMeter traffic) => Life!.CountIn(traffic);

    public void BeginReading(ILocalEndpoint endpoint) => Note("read");

    public void NotifyReadable() => Note("read on");

    public void PrepareReset(in StreamEnd end, bool behindData) =>
        Note(end.Side == StreamEndSide.Local ? $"RESET {end.Reason}{(behindData ? " behind data" : "")}" : "no RESET");

    public void SendReset() => Note("send");

    public void GiveUpWaiting() => Note("give up");

    public void Discard() => Note("discard");

    public void OnFinished(in StreamEnd end) => Note("finished");

    public void NoteDefect(Exception exception) => Defects.Add(exception);

    public void Attach(ILocalEndpoint endpoint) => Life!.Attach(endpoint);

    public void NotifyLocalReset() => Life!.NotifyLocalReset();

    public void Reset(ResetReason reason) => Life!.Reset(reason);

    private void Note(string asked)
    {
        lock (Asked)
            Asked.Add(asked);
    }
}
