using System.Collections.Concurrent;
using Tunnel.Shared.Transport;

namespace Tunnel.Edge.UnitTests.Fakes;

internal sealed class FakeSession(uint id, StreamOpening opening, IDatagramSink sink) : ITunnelSession
{
    private readonly BlockingCollection<byte[]> _sent = [];

    public uint Id => id;

    public StreamOpening Opening => opening;

    public IDatagramSink Sink => sink;

    public bool IsOpen { get; private set; } = true;

    public bool WasClosed { get; private set; }

    public bool TakesDatagrams { get; set; } = true;

    /// <summary>Makes the next datagram find the session open, and closed when it is sent.</summary>
    public bool EndsWithNext { get; set; }

    public int Refused { get; private set; }

    public bool Send(ReadOnlySpan<byte> payload)
    {
        IsOpen &= !EndsWithNext;
        if (!TakesDatagrams || !IsOpen)
        {
            Refused++;
            return false;
        }

        _sent.Add(payload.ToArray());
        return true;
    }

    public byte[] NextSent() => _sent.TryTake(out var payload, Patience.Limit) ? payload : throw new TimeoutException("no datagram");

    public void Close()
    {
        WasClosed = true;
        IsOpen = false;
    }

    /// <summary>Ends the session as the hub does, or the loss of the tunnel.</summary>
    public void Lose()
    {
        IsOpen = false;
        sink.OnSessionClosed();
    }

    /// <summary>Ends the session as the loss of a tunnel does whose sessions may go on over another one.</summary>
    public void LoseTunnel()
    {
        IsOpen = false;
        sink.OnSessionLost();
    }
}
