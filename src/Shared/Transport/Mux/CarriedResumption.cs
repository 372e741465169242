using System.Net;
using Tunnel.Shared.Guarding;
using Tunnel.Shared.Protocol;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Protocol.Proxy;
using Tunnel.Shared.Transport.Mux.Core;

namespace Tunnel.Shared.Transport.Mux;

/// <summary>
/// What a tunnel that has lost its connection does to go on over a stream of another tunnel (protocol.md section 8). The edge opens that
/// stream and says how far it has got, the hub answers with how far it has, and behind that the stream carries the tunnel's frames.
/// </summary>
/// <param name="tunnel">The tunnel.</param>
/// <param name="changing">Held while it passes from one connection to another.</param>
internal sealed class CarriedResumption(MuxTunnel tunnel, SemaphoreSlim changing)
{
    private uint _turn;

    private MuxCore Core => tunnel.Core;

    private LinkChange Change => tunnel.Endpoint.Change;

    /// <summary>Does what <see cref="ITunnel.ResumeWithinAsync"/> says.</summary>
    public async Task<ResumeOutcome> ResumeWithinAsync(ITunnel other, CancellationToken cancellationToken)
    {
        var tunnelId = tunnel.Resumption.TunnelId;
        if (!Core.Kept.IsOn || tunnelId.Length == 0 || (tunnel.Features & other.Features & TunnelFeatures.Move) == 0)
            return ResumeOutcome.NotPossible;
        await changing.WaitAsync(cancellationToken);
        try
        {
            if (!tunnel.IsLost && !tunnel.IsInDoubt)
                return tunnel.IsDead ? ResumeOutcome.NotPossible : ResumeOutcome.Resumed;
            if (await tunnel.Links.DetachAsync(new TunnelEnd(TunnelEndKind.Timeout, "the hub does not answer")) is not { } own)
                return ResumeOutcome.NotPossible;
            await other.WaitForRoomAsync();
            var connection = new CarriedConnection(other.RemoteEndPoint);
            var move = new StreamMove(tunnelId, StreamMove.Connection, ++_turn, new StreamPoint(own.Received, own.From));
            if (other.OpenStream(new StreamOpening { Move = move }, connection.Endpoint, connection) is null)
                return ResumeOutcome.Failed;
            var outcome = await AskAsync(connection);
            if (outcome != ResumeOutcome.Resumed)
                await connection.DisposeAsync();
            return outcome;
        }
        finally
        {
            changing.Release();
        }
    }

    /// <summary>Hub: goes on over a stream that the edge has opened for it on another tunnel.</summary>
    /// <returns>Why it can't, and nothing has changed; null when the edge is answered on the stream.</returns>
    public ResetReason? Take(StreamMove move, ITunnel other, ITunnelStream carrier)
    {
        if (!Core.Kept.IsOn || move.Point is not { } point)
            return move.Refusal;

        // A callback of the other tunnel may not wait for this one's owner.
        Task.Run(() => AcceptAsync(move.Turn, new ResumePoint(point.Received, point.From), other.RemoteEndPoint, carrier))
            .Guard("resuming a tunnel");
        return null;
    }

    private async Task<ResumeOutcome> AskAsync(CarriedConnection connection)
    {
        var answer = new byte[StreamPoint.Size];
        try
        {
            for (var count = 0; count < answer.Length;)
            {
                var reading = connection.ReadAsync(answer.AsMemory(count)).AsTask();
                var read = await reading.WaitAsync(TunnelResumption.AnswerTimeout, Core.Context.Time);
                if (read == 0)
                    return ResumeOutcome.Failed;
                count += read;
            }

            var said = StreamPoint.Read(answer);
            var peer = new ResumePoint(said.Received, said.From);
            return peer is { Received: >= 0, From: >= 0 } && Change.CanResume(peer) && TryAdopt(connection, peer)
                ? ResumeOutcome.Resumed
                : ResumeOutcome.Failed;
        }
        catch (IOException)
        {
            // Only the hub's word ends what is open: the other tunnel may have been lost as well.
            return await connection.Ended is { Side: StreamEndSide.Remote, Reason: ResetReason.Refused }
                ? ResumeOutcome.Refused
                : ResumeOutcome.Failed;
        }
        catch (Exception e) when (e is TimeoutException or FormatException)
        {
            return ResumeOutcome.Failed;
        }
    }

    private async Task AcceptAsync(uint turn, ResumePoint peer, IPEndPoint remote, ITunnelStream carrier)
    {
        await changing.WaitAsync();
        try
        {
            if (turn <= _turn)
            {
                // This one was long under way, and the tunnel has gone on since.
                carrier.Reset(ResetReason.Refused);
                return;
            }

            // A lie harms only the stream that it came over: it is looked for while the tunnel still has its connection.
            var cause = new TunnelEnd(TunnelEndKind.ConnectionLost, "its edge came back over another tunnel");
            if (!Change.CanResume(peer) || await tunnel.Links.DetachAsync(cause) is not { } own || !Change.CanResume(peer))
            {
                carrier.Reset(ResetReason.Refused);

                // The edge ends it too.
                if (tunnel.IsLost)
                    tunnel.Terminate(new TunnelEnd(TunnelEndKind.ConnectionLost, "it could not be resumed"));
                return;
            }

            _turn = turn;
            var connection = new CarriedConnection(remote);
            carrier.Attach(connection.Endpoint);
            await connection.WriteAsync(new StreamPoint(own.Received, own.From).Write());
            TryAdopt(connection, peer);
        }
        catch (FormatException)
        {
            carrier.Reset(ResetReason.Protocol);
        }
        catch (IOException)
        {
            // The stream has ended already, and the edge comes again.
        }
        finally
        {
            changing.Release();
        }
    }

    private bool TryAdopt(CarriedConnection connection, ResumePoint peer) =>
        tunnel.Links.TryAdopt(new TunnelLink(tunnel.Endpoint, connection, Task.FromResult(ReadOnlyMemory<byte>.Empty)), peer);
}
