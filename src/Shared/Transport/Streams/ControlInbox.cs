using Tunnel.Shared.Protocol.Frames;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport.Handshake;

namespace Tunnel.Shared.Transport.Streams;

/// <summary>
/// Takes the control messages of the peer, whatever the tunnel runs over: CONFIG, HELLO, REPORT and GOAWAY, and applies or rejects each.
/// Only the reader of the messages uses it.
/// </summary>
/// <param name="sync">The tunnel's lock, which guards terms and departure. Not held while the owner is told.</param>
/// <param name="terms">The agreed terms, which HELLO changes.</param>
/// <param name="departure">The state that GOAWAY changes.</param>
/// <param name="context">The clock.</param>
/// <param name="isEdge">True at the edge, which answers GOAWAY with its own.</param>
/// <param name="owner">Is told of each accepted message.</param>
internal sealed class ControlInbox(
    Lock sync, TunnelTerms terms, Departure departure, TransportContext context, bool isEdge, IControlOwner owner)
{
    // Edges send at most 10 a second (protocol.md section 3); after a stall of the path, twice as many may come in one second.
    private const int MaxReportsPerSecond = 20;

    private bool _isPastFirst;
    private bool _awaitsResume;
    private long _second;
    private int _reports;

    /// <summary>Notes that a frame of any type has come.</summary>
    public void NoteFrame(FrameType type)
    {
        _isPastFirst = true;
        _awaitsResume &= type != FrameType.Resume;
    }

    /// <summary>Checks whether a frame may come now; to be called before <see cref="NoteFrame"/>.</summary>
    /// <returns>Why its type must not come now, or null.</returns>
    public string? CheckOrder(FrameType type) => type switch
    {
        FrameType.Hello when _isPastFirst => "must be the first frame",
        not FrameType.Resume when _awaitsResume => "RESUME must follow a HELLO that names a tunnel to resume",
        _ => null,
    };

    /// <summary>Takes a message of one of these four types and ignores others.</summary>
    /// <returns>What is wrong with it, or null.</returns>
    public string? Take(FrameType type, ReadOnlySpan<byte> payload)
    {
        string? fault = null;
        switch (type)
        {
            case FrameType.Config:
                if (ControlMessage.TryParseConfig(payload, out var config, out fault))
                    owner.OnConfig(config);
                break;
            case FrameType.Hello:
                if (ControlMessage.TryParseHello(payload, out var hello, out fault))
                    fault = Take(hello);
                break;
            case FrameType.Report:
                if (ControlMessage.TryParseReport(payload, terms.ReadsMessagePack, out var report, out fault))
                    fault = Take(report);
                break;
            case FrameType.GoAway:
                if (ControlMessage.TryParseGoAway(payload, out var goAway, out fault))
                    Take(goAway);
                break;
        }

        return fault;
    }

    private string? Take(Hello hello)
    {
        lock (sync)
        {
            if (terms.Accept(hello) is { } fault)
                return fault;
            _awaitsResume = hello.Resume is not null && (terms.Features & TunnelFeatures.Resume) != 0;
        }

        owner.OnHello(hello);
        return null;
    }

    private string? Take(Report report)
    {
        if (!terms.IsExtended)
            return "REPORT before HELLO";
        var second = context.NowMilliseconds / 1000;
        if (second != _second)
            (_second, _reports) = (second, 0);
        if (++_reports > MaxReportsPerSecond)
            return $"more than {MaxReportsPerSecond} in a second";
        owner.OnReport(report);
        return null;
    }

    // Only the first GOAWAY counts.
    private void Take(GoAway goAway)
    {
        lock (sync)
        {
            if (!departure.TryNotePeerLeaving())
                return;
        }

        if (isEdge)
            owner.SendGoAway(goAway.Reason);
        owner.OnGoAway(goAway);
    }
}
