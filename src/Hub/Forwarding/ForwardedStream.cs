using System.Net.Sockets;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Hub.Events;
using Tunnel.Hub.Forwarding.Authorizing;
using Tunnel.Hub.Forwarding.Entering;
using Tunnel.Hub.Targets;
using Tunnel.Hub.Targets.Connecting;
using Tunnel.Hub.Traffic;
using Tunnel.Shared.Guarding;
using Tunnel.Shared.Observability;
using Tunnel.Shared.Protocol;
using Tunnel.Shared.Protocol.Proxy;
using Tunnel.Shared.Relay;
using Tunnel.Shared.Sockets;
using Tunnel.Shared.Transport;

namespace Tunnel.Hub.Forwarding;

// Over 300 lines: a stream's way to its upstream, each step of which may be the last.
/// <summary>
/// One stream on its way to its upstream: it waits for its edge's turn and dials, both of which end when the stream does; afterwards it
/// only observes the stream's end.
/// </summary>
internal sealed class ForwardedStream(StreamForwarder forwarder, ConnectionEntry entry, ITunnelStream stream, StreamOpening opening)
    : IStreamObserver, IFirstReadObserver, IByteCounts
{
    private const int MaxHeaderLength = ProxyV1.MaxLength > ProxyV2.IPv6Length ? ProxyV1.MaxLength : ProxyV2.IPv6Length;

    private string? _failure;
    private long _headerSent;

    // This is what the chosen upstream is told of the connection; it is set before the stream has its upstream, and taken out at the
    // stream's end.
    private IUpstreamUse? _use;
    private bool _isClosed;

    // This is the connection to the upstream; it is taken out at the stream's end.
    private OwnConnection? _own;

    // The thread that takes this out decides the outcome: either the dial that is done, or the stream that is closed.
    private CancellationTokenSource? _dial;

    // These steps are done before the dial; null at a port that has none.
    private StreamVisit? _visit;

    // The tunnel counts from its own side, the upstream's: what it receives comes from the client.
    long IByteCounts.BytesIn => stream.BytesReceived;

    long IByteCounts.BytesOut => stream.BytesSent;

    private PortRoute Route => entry.Route;

    private PortPolicy Policy => entry.Policy;

    /// <summary>Dials and attaches when it is its edge's turn. The time limit of the dial starts at once.</summary>
    public void Start()
    {
        var enters = forwarder.Entrance.IsUsedBy(Policy, Route.Port);
        var dial = new CancellationTokenSource(enters ? Timeout.InfiniteTimeSpan : Policy.ConnectTimeout, forwarder.Time);
        var limit = dial.Token;
        _dial = dial;
        // This comes before the observer is set, which may learn at once that the stream has ended.
        entry.Begin(this);
        if (Policy.IdleTimeout is { } idle)
            forwarder.Idle.Add(stream, idle);
        stream.Observer = this;
        if (forwarder.Events.StreamsWanted)
        {
            forwarder.Events.Post(
                new StreamOpenedEvent(Route.Port.EdgeId, Route.Port.Port, opening.Source)
                {
                    Time = forwarder.Time.GetUtcNow(),
                    UniqueId = entry.Id.ToString(),
                });
        }

        if (enters)
            EnterAsync(limit).Guard("letting a client in");
        else
            forwarder.TakeTurn(Route.Port.EdgeId, () => DialAsync(limit).Guard("dialling an upstream"));
    }

    // This method never throws.
    private async Task EnterAsync(CancellationToken gone)
    {
        try
        {
            // From here the tunnel's read loop goes on.
            await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
            _visit = new StreamVisit(Route.Port, Policy, entry.Id, stream, opening, forwarder.Context)
            {
                Fields = entry.Fields ?? new HeaderFields(entry.Id, Route.Port.EdgeId, entry.Transport),
            };
            if (await forwarder.Entrance.AdmitAsync(_visit, forwarder.Tls, AuthorizerOf(Policy), gone) is { } refusal)
                Fail(refusal);
            else
                GoOn(gone);
        }
        catch (OperationCanceledException)
        {
            forwarder.NoteFailure(entry, StreamFailure.ClientGone);
        }
        catch (Exception e)
        {
            forwarder.NoteDefect(Route.Port, e);
            stream.Reset(ResetReason.Unspecified);
        }
    }

    private Authorizer? AuthorizerOf(PortPolicy policy) =>
        policy.Authorize is { } asked ? forwarder.Authorizers.Of(asked, Route.Rule) : null;

    private void GoOn(CancellationToken limit)
    {
        if (Volatile.Read(ref _dial) is not { } dial)
            throw new OperationCanceledException(limit);
        if (entry.Fields is not null || _visit!.HasExtra)
            entry.Fields = _visit!.Fields;
        if (_visit!.Route is { } route && !forwarder.TryLead(entry, route))
        {
            Fail(StreamFailure.NoTarget);
            return;
        }

        if (forwarder.Entrance.Acceptors.Find(Route.Port) is { } acceptor)
        {
            if (Interlocked.Exchange(ref _dial, null) is null)
                throw new OperationCanceledException(limit);
            dial.Dispose();
            if (acceptor.TryAccept(_visit!))
                entry.Traffic.Health.NoteSuccess();
            else
                Fail(StreamFailure.NotAccepted);
            return;
        }

        try
        {
            dial.CancelAfter(Policy.ConnectTimeout);
        }
        catch (ObjectDisposedException)
        {
            throw new OperationCanceledException(limit);
        }

        forwarder.TakeTurn(Route.Port.EdgeId, () => DialAsync(limit).Guard("dialling an upstream"));
    }

    // This method never throws.
    private async Task DialAsync(CancellationToken limit)
    {
        try
        {
            var began = Policy.Adaptive is null ? 0 : forwarder.Time.GetTimestamp();
            var outcome = limit.IsCancellationRequested
                ? ConnectOutcome.Failed(StreamFailure.ConnectTimeout)
                : await forwarder.Connector.ConnectAsync(Request(), limit);
            if (Policy.Adaptive is not null)
                NoteLatency(outcome, began);
            SecuredPeer? peer = null;
            if (outcome.Succeeded)
                outcome = NoteOwn(outcome);
            if (outcome.Succeeded && Policy.UpstreamTls is { } tls)
                (outcome, peer) = await SecureAsync(outcome, tls, limit);
            if (Interlocked.Exchange(ref _dial, null) is not { } dial)
                Abandon(outcome, peer);
            else
                Finish(dial, outcome, peer);
        }
        catch (Exception e)
        {
            forwarder.NoteDefect(Route.Port, e);
            stream.Reset(ResetReason.Unspecified);
        }
    }

    // A refusal is quick and says nothing of load, and neither does a client that has gone.
    private void NoteLatency(in ConnectOutcome outcome, long began)
    {
        if (outcome.Succeeded || (outcome.Failure == StreamFailure.ConnectTimeout && Volatile.Read(ref _dial) is not null))
            forwarder.Adaptive?.Note(Route.Port, forwarder.Time.GetElapsedTime(began));
    }

    // One of our own connections can come back as a client before it is noted here; the one that it leads to is noted after that.
    private ConnectOutcome NoteOwn(in ConnectOutcome outcome)
    {
        var socket = outcome.Socket!;
        var own = OwnConnection.Of(socket.LocalEndPoint, socket.RemoteEndPoint, udp: false);
        forwarder.Own.Add(own);
        Interlocked.Exchange(ref _own, own);
        if (Volatile.Read(ref _isClosed))
            ForgetOwn();
        if (!forwarder.Own.Contains(OwnConnection.Of(entry.Client, entry.Destination, udp: false), entry.Edge))
            return outcome;
        SocketReset.Now(socket);
        outcome.Use?.End();
        return ConnectOutcome.Failed(StreamFailure.ForwardingLoop);
    }

    private void ForgetOwn() => forwarder.Own.Remove(Interlocked.Exchange(ref _own, null));

    private UpstreamRequest Request()
    {
        var source = opening.Source?.Address;
        var (host, port) = _visit?.Target is { } chosen ? (chosen.Host, chosen.Port) : (Route.TargetHost, Route.TargetPort);
        return new UpstreamRequest(host, port, source, Policy.ConnectTimeout)
        {
            Pool = _visit?.Target is null ? Route.Pool : null,
            Rule = Route.Rule,
        };
    }

    void IStreamObserver.OnStreamClosed(ITunnelStream closed, in StreamEnd end)
    {
        if (Interlocked.Exchange(ref _dial, null) is { } dial)
        {
            dial.Cancel();
            dial.Dispose();
        }

        Volatile.Write(ref _isClosed, true);
        ForgetOwn();
        Interlocked.Exchange(ref _use, null)?.End();
        if (Policy.IdleTimeout is not null)
            forwarder.Idle.Remove(stream);
        var how = end.Completed ? "completed"
            : end.Side == StreamEndSide.Tunnel ? "tunnelLost"
            : ReasonCounters<ResetReason>.NameOf(end.Reason);
        entry.End(_failure ?? how);
        if (forwarder.Events.StreamsWanted)
        {
            forwarder.Events.Post(
                new StreamClosedEvent(
                    Route.Port.EdgeId, Route.Port.Port, opening.Source, stream.BytesReceived, stream.BytesSent,
                    end.Completed ? null : end.Reason)
                {
                    Time = forwarder.Time.GetUtcNow(),
                    UniqueId = entry.Id.ToString(),
                });
        }
    }

    void IFirstReadObserver.OnFirstRead(LocalReadStatus status)
    {
        Volatile.Read(ref _use)?.NoteFirstRead(status);
        if (Route.Proxy == ProxyProtocol.Off)
            return;
        if (status == LocalReadStatus.Data || forwarder.Time.GetElapsedTime(_headerSent) > HeaderDoubt.Patience)
            entry.Traffic.Header.NoteFine();
        else if (entry.Traffic.Header.NoteHungUp())
            forwarder.NoteHeaderDoubt(Route);
    }

    // The PROXY header stands before TLS, in clear.
    private async ValueTask<(ConnectOutcome Outcome, SecuredPeer? Peer)> SecureAsync(
        ConnectOutcome outcome, UpstreamTlsDefinition tls, CancellationToken limit)
    {
        var failure = StreamFailure.UpstreamGone;
        if (SendHeader(outcome.Socket!))
        {
            var endpoint = new SocketEndpoint(outcome.Socket!, forwarder.Context, Route.Proxy == ProxyProtocol.Off ? null : this);
            (var peer, failure) = await forwarder.UpstreamTls.HandshakeAsync(
                endpoint, tls, outcome.Use?.Host ?? Request().Host, _visit?.Fields.Protocol, limit);
            if (peer is not null)
            {
                outcome.Use?.NoteFirstRead(LocalReadStatus.Data);
                return (outcome, peer);
            }
        }
        else
        {
            outcome.Socket!.Dispose();
        }

        outcome.Use?.NoteFailed();
        outcome.Use?.End();
        return (ConnectOutcome.Failed(failure), null);
    }

    private void Abandon(in ConnectOutcome outcome, SecuredPeer? peer)
    {
        outcome.Use?.End();
        if (peer is not null)
        {
            peer.Abort();
        }
        else if (outcome.Succeeded)
        {
            // The client's reset must not look like an orderly end to the upstream.
            SocketReset.Now(outcome.Socket);
        }

        forwarder.NoteFailure(entry, StreamFailure.ClientGone);
    }

    private void Finish(CancellationTokenSource dial, ConnectOutcome outcome, SecuredPeer? peer)
    {
        dial.Dispose();
        if (!outcome.Succeeded)
        {
            Fail(outcome.Failure);
        }
        else if (peer is null && !SendHeader(outcome.Socket))
        {
            outcome.Socket.Dispose();
            outcome.Use?.NoteFailed();
            outcome.Use?.End();
            Fail(StreamFailure.UpstreamGone);
        }
        else
        {
            entry.Traffic.Health.NoteSuccess();
            var hasHeader = Route.Proxy != ProxyProtocol.Off;
            if (!hasHeader)
                entry.Traffic.Header.NoteFine();
            Begin(outcome.Use);
            var endpoint = peer?.Open()
                ?? new SocketEndpoint(outcome.Socket, forwarder.Context, hasHeader || outcome.Use is not null ? this : null);
            if (_visit is { } visit)
                visit.Join(endpoint);
            else
                stream.Attach(Policy.DownloadRate is { } rate ? new RateLimitedEndpoint(endpoint, rate, forwarder.Context) : endpoint);
        }
    }

    private void Begin(IUpstreamUse? use)
    {
        if (use is null)
            return;
        entry.Target = use.Target;
        Interlocked.Exchange(ref _use, use);
        // The stream may have ended meanwhile, without a use that it could have ended.
        if (Volatile.Read(ref _isClosed))
            Interlocked.Exchange(ref _use, null)?.End();
    }

    private void Fail(StreamFailure failure)
    {
        _failure = ReasonCounters<StreamFailure>.NameOf(failure);
        forwarder.NoteFailure(entry, failure);
        stream.Reset(failure.ToResetReason());
    }

    // The header is sent by one call of its own, because receivers want the whole header in one segment. The socket is new, so it has room
    // and nothing blocks.
    private bool SendHeader(Socket socket)
    {
        _headerSent = forwarder.Time.GetTimestamp();
        Span<byte> buffer = stackalloc byte[entry.Fields is null ? MaxHeaderLength : HeaderFields.MaxHeaderLength];
        var length = Route.Proxy switch
        {
            ProxyProtocol.V2 when entry.Fields is { } fields => fields.Write(buffer, opening, ProxyTransport.Stream),
            ProxyProtocol.V1 => ProxyV1.Write(buffer, opening.Source, opening.Destination),
            ProxyProtocol.V2 => ProxyV2.Write(buffer, opening.Source, opening.Destination, ProxyTransport.Stream),
            _ => 0,
        };
        return length == 0 || (socket.Send(buffer[..length], SocketFlags.None, out var error) == length && error == SocketError.Success);
    }
}
