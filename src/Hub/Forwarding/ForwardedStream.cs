using System.Net.Sockets;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Hub.Events;
using Tunnel.Hub.Traffic;
using Tunnel.Shared.Observability;
using Tunnel.Shared.Protocol;
using Tunnel.Shared.Protocol.Addresses;
using Tunnel.Shared.Protocol.Proxy;
using Tunnel.Shared.Relay;
using Tunnel.Shared.Transport;

namespace Tunnel.Hub.Forwarding;

/// <summary>One stream on its way to its upstream: the wait for its edge's turn and the dial, which end when the stream does, then only an observer of its end.</summary>
internal sealed class ForwardedStream : IStreamObserver, ILiveConnection
{
    private readonly StreamForwarder _forwarder;
    private readonly string _edgeId;
    private readonly ITunnelStream _stream;
    private readonly StreamOpening _opening;
    private readonly PortPolicy _policy;
    private readonly string _targetHost;
    private readonly PortTraffic _traffic;
    private readonly long _id;
    private readonly DateTimeOffset _since;
    private readonly long _start;
    private string? _failure;

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
        _traffic = forwarder.Traffic.Of(edgeId, udp: false, opening.RoutingPort);
        _id = forwarder.Traffic.NextId();
        _since = forwarder.Time.GetUtcNow();
        _start = forwarder.Time.GetTimestamp();
    }

    // The tunnel's view is the upstream's: what it receives is the client's.
    long ILiveConnection.BytesIn => _stream.BytesReceived;

    long ILiveConnection.BytesOut => _stream.BytesSent;

    private int TargetPort => _policy.TargetPort ?? _opening.RoutingPort;

    /// <summary>Dials and attaches when it is its edge's turn. The time for the dial runs already.</summary>
    public void Start()
    {
        var dial = new CancellationTokenSource(_policy.ConnectTimeout, _forwarder.Time);
        var limit = dial.Token;
        _dial = dial;
        // Before the observer, which may hear at once that the stream is over.
        _traffic.Add(this);
        if (_policy.IdleTimeout is { } idle)
            _forwarder.Idle.Add(_stream, idle);
        _stream.Observer = this;
        if (_forwarder.Events.StreamsWanted)
            _forwarder.Events.Post(new StreamOpenedEvent(_edgeId, _opening.RoutingPort, _opening.Source) { Time = _forwarder.Time.GetUtcNow() });
        _forwarder.TakeTurn(_edgeId, () => _ = DialAsync(limit));
    }

    // Never throws.
    private async Task DialAsync(CancellationToken limit)
    {
        try
        {
            var outcome = limit.IsCancellationRequested
                ? ConnectOutcome.Failed(StreamFailure.ConnectTimeout)
                : await _forwarder.Connector.ConnectAsync(_targetHost, TargetPort, _policy.ConnectTimeout, limit);
            if (Interlocked.Exchange(ref _dial, null) is not { } dial)
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

        if (_policy.IdleTimeout is not null)
            _forwarder.Idle.Remove(stream);
        _traffic.Remove(this, stream.BytesReceived, stream.BytesSent);
        if (_policy.LogConnections)
            Record(end);
        if (_forwarder.Events.StreamsWanted)
        {
            _forwarder.Events.Post(
                new StreamClosedEvent(_edgeId, _opening.RoutingPort, _opening.Source, stream.BytesReceived, stream.BytesSent, end.Completed ? null : end.Reason)
                {
                    Time = _forwarder.Time.GetUtcNow(),
                });
        }
    }

    LiveConnection ILiveConnection.Describe() => new()
    {
        Id = _id,
        EdgeId = _edgeId,
        Port = _opening.RoutingPort,
        Proto = "tcp",
        Client = _opening.Source?.ToString(),
        Target = HostSyntax.Format(_targetHost, TargetPort),
        Since = _since,
        BytesIn = _stream.BytesReceived,
        BytesOut = _stream.BytesSent,
    };

    private void Record(in StreamEnd end) => _forwarder.Traffic.Log.Add(new ConnectionRecord
    {
        Time = _forwarder.Time.GetUtcNow(),
        EdgeId = _edgeId,
        Port = _opening.RoutingPort,
        Proto = "tcp",
        Client = _opening.Source?.ToString(),
        Action = ConnectionAction.Allowed,
        Reason = _failure ?? (end.Completed ? "completed" : end.Side == StreamEndSide.Tunnel ? "tunnelLost" : ReasonCounters<ResetReason>.NameOf(end.Reason)),
        BytesIn = _stream.BytesReceived,
        BytesOut = _stream.BytesSent,
        Duration = Math.Round(_forwarder.Time.GetElapsedTime(_start).TotalSeconds, 3),
    });

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
            _traffic.NoteSuccess();
            var endpoint = new SocketEndpoint(outcome.Socket, _forwarder.Context);
            _stream.Attach(_policy.DownloadRate is { } rate ? new RateLimitedEndpoint(endpoint, rate, _forwarder.Context) : endpoint);
        }
    }

    private void Fail(StreamFailure failure)
    {
        _failure = ReasonCounters<StreamFailure>.NameOf(failure);
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
