using System.Net.Sockets;
using Tunnel.Hub.Edges;
using Tunnel.Shared.Protocol;
using Tunnel.Shared.Protocol.Proxy;
using Tunnel.Shared.Relay;
using Tunnel.Shared.Transport;

namespace Tunnel.Hub.Forwarding;

/// <summary>One stream on its way to its upstream: the dial, which ends when the stream does, then only an observer of its end.</summary>
internal sealed class ForwardedStream : IStreamObserver
{
    private readonly StreamForwarder _forwarder;
    private readonly string _edgeId;
    private readonly ITunnelStream _stream;
    private readonly StreamOpening _opening;
    private readonly PortPolicy _policy;
    private readonly string _targetHost;

    // Whoever takes it out decides: the dial that is done, or the stream that is closed.
    private CancellationTokenSource? _dial;

    public ForwardedStream(StreamForwarder forwarder, string edgeId, ITunnelStream stream, in StreamOpening opening, PortPolicy policy, string targetHost)
    {
        _forwarder = forwarder;
        _edgeId = edgeId;
        _stream = stream;
        _opening = opening;
        _policy = policy;
        _targetHost = targetHost;
    }

    private int TargetPort => _policy.TargetPort ?? _opening.RoutingPort;

    /// <summary>Dials and attaches; never throws.</summary>
    public async Task RunAsync()
    {
        var dial = new CancellationTokenSource(_policy.ConnectTimeout, _forwarder.Time);
        _dial = dial;
        _stream.Observer = this;
        if (_forwarder.Events.StreamsWanted)
            _forwarder.Events.Post(new StreamOpenedEvent(_edgeId, _opening.RoutingPort, _opening.Source) { Time = _forwarder.Time.GetUtcNow() });
        try
        {
            var outcome = await _forwarder.Connector.ConnectAsync(_targetHost, TargetPort, _policy.ConnectTimeout, dial.Token);
            if (Interlocked.Exchange(ref _dial, null) is null)
                Abandon(outcome.Socket);
            else
                Finish(dial, outcome);
        }
        catch (Exception e)
        {
            _forwarder.NoteDefect(_edgeId, _opening.RoutingPort, e);
            _stream.Reset(ResetReason.Unspecified);
        }
    }

    void IStreamObserver.OnStreamClosed(ITunnelStream stream, in StreamEnd end)
    {
        if (Interlocked.Exchange(ref _dial, null) is { } dial)
        {
            dial.Cancel();
            dial.Dispose();
        }

        if (_forwarder.Events.StreamsWanted)
        {
            _forwarder.Events.Post(
                new StreamClosedEvent(_edgeId, _opening.RoutingPort, _opening.Source, stream.BytesReceived, stream.BytesSent, end.Completed ? null : end.Reason)
                {
                    Time = _forwarder.Time.GetUtcNow(),
                });
        }
    }

    private void Abandon(Socket? socket)
    {
        if (socket is not null)
        {
            // The client's reset must not look like an orderly end to the upstream.
            socket.LingerState = new LingerOption(true, 0);
            socket.Dispose();
        }

        _forwarder.NoteFailure(_edgeId, _opening.RoutingPort, _targetHost, TargetPort, StreamFailure.ClientGone);
    }

    private void Finish(CancellationTokenSource dial, ConnectOutcome outcome)
    {
        dial.Dispose();
        if (!outcome.Succeeded)
        {
            Fail(outcome.Failure);
        }
        else if (!SendHeader(outcome.Socket))
        {
            outcome.Socket.Dispose();
            Fail(StreamFailure.UpstreamGone);
        }
        else
        {
            _stream.Attach(new SocketEndpoint(outcome.Socket, _forwarder.Context));
        }
    }

    private void Fail(StreamFailure failure)
    {
        _forwarder.NoteFailure(_edgeId, _opening.RoutingPort, _targetHost, TargetPort, failure);
        _stream.Reset(failure.ToResetReason());
    }

    // In one send of its own: receivers want the whole header in one segment. The socket is new, so it has room and nothing blocks.
    private bool SendHeader(Socket socket)
    {
        Span<byte> buffer = stackalloc byte[ProxyV1.MaxLength];
        var length = _policy.ProxyProtocol switch
        {
            ProxyProtocol.V1 => ProxyV1.Write(buffer, _opening.Source, _opening.Destination),
            ProxyProtocol.V2 => ProxyV2.Write(buffer, _opening.Source, _opening.Destination, ProxyTransport.Stream),
            _ => 0,
        };
        return length == 0 || (socket.Send(buffer[..length], SocketFlags.None, out var error) == length && error == SocketError.Success);
    }
}
