using Tunnel.Shared.Protocol;
using Tunnel.Shared.Transport;
using Tunnel.Shared.Transport.Streams;

namespace Tunnel.Shared.UnitTests.Transport.Streams;

/// <summary>Writes down what a life asks its transport for, and says what a test wants.</summary>
internal sealed class FakeCarrier : IStreamCarrier
{
    /// <summary>In the order in which it came.</summary>
    public List<string> Asked { get; } = [];

    public List<Exception> Defects { get; } = [];

    public bool IsBlocked { get; set; }

    public long BlockedSince { get; set; }

    public long LastProgress { get; set; }

    public bool WaitsAfterReset { get; set; }

    public uint Id => 1;

    public IStreamObserver? Observer { get; set; }

    public long BytesSent => 0;

    public long BytesReceived => 0;

    public void BeginReading(ILocalEndpoint endpoint) => Asked.Add("read");

    public void NotifyReadable() => Asked.Add("read on");

    public void PrepareReset(in StreamEnd end, bool behindData) =>
        Asked.Add(end.Side == StreamEndSide.Local ? $"RESET {end.Reason}{(behindData ? " behind data" : "")}" : "no RESET");

    public void SendReset() => Asked.Add("send");

    public void GiveUpWaiting() => Asked.Add("give up");

    public void Discard() => Asked.Add("discard");

    public void OnFinished(in StreamEnd end) => Asked.Add("finished");

    public void NoteDefect(Exception exception) => Defects.Add(exception);

    public void Attach(ILocalEndpoint endpoint) => throw new NotSupportedException();

    public void NotifyLocalReset() => throw new NotSupportedException();

    public void Reset(ResetReason reason) => throw new NotSupportedException();
}
