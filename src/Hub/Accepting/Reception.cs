using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using Microsoft.Extensions.Logging;
using Tunnel.Hub.Edges.Allowed;
using Tunnel.Hub.Edges.Live;
using Tunnel.Shared.Observability;
using Tunnel.Shared.Protocol.Handshake;
using Tunnel.Shared.Transport.Handshake;

namespace Tunnel.Hub.Accepting;

/// <summary>
/// Where strangers of all transports come together: their number and time, the edge's line, the check of its secret and the answer
/// (protocol.md section 2), and the registry, to which those go that may stay.
/// </summary>
internal sealed class Reception(
    IAllowedEdges allowed, LiveEdges live, StrangerRegistry strangers, FailedTries failedTries, ILogger<Reception> logger)
{
    /// <summary>Connections that did not become a tunnel, by reason.</summary>
    public ReasonCounters<RefusalReason> Refusals { get; } = new();

    /// <summary>The oldest stranger gives way to a newcomer whom there are too few descriptors for.</summary>
    /// <returns>False when there is none.</returns>
    public bool MakeRoom()
    {
        var oldest = strangers.TakeOldest();
        oldest?.GiveWay();
        return oldest is not null;
    }

    /// <summary>Serves a stranger within its time.</summary>
    /// <param name="remote">Where it comes from.</param>
    /// <param name="greetAsync">What to do; true when the connection has another owner now.</param>
    /// <param name="closeAsync">Closes a connection that came to nothing.</param>
    public async Task ServeAsync(IPEndPoint remote, Func<Stranger, Task<bool>> greetAsync, Func<ValueTask> closeAsync)
    {
        var stranger = strangers.Enter(remote.Address, out var evicted);
        evicted?.GiveWay();
        var handedOver = false;
        try
        {
            handedOver = await greetAsync(stranger);
        }
        catch (OperationCanceledException)
        {
            NoteEnd(stranger, remote, RefusalReason.Timeout, "not authenticated in time");
        }
        catch (AuthenticationException e)
        {
            NoteEnd(stranger, remote, RefusalReason.TlsFailed, e.Message);
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            NoteEnd(stranger, remote, RefusalReason.ClosedEarly, e.Message);
        }
        catch (Exception e)
        {
            AcceptingLog.Defect(logger, e, remote);
        }
        finally
        {
            if (!handedOver)
                await closeAsync();
            if (strangers.Leave(stranger) || handedOver)
                stranger.StopClock();
        }
    }

    /// <summary>Reads the line of a secured connection and answers it.</summary>
    /// <returns>True when it is a tunnel now.</returns>
    public async Task<bool> IntroduceAsync(IStrangerConnection connection, IPEndPoint remote, Stranger stranger)
    {
        var line = await LineReader.ReadAsync(connection.Stream, EdgeLine.MaxLength, stranger.Limit);
        if (line.Line is null && !line.TooLong)
        {
            NoteEnd(stranger, remote, RefusalReason.ClosedEarly, "closed before its first line");
            return false;
        }

        var error = "the line is longer than 1,024 bytes";
        if (line.Line is not { } text || !EdgeLine.TryParse(text.Span, out var id, out var secret, out error))
        {
            TurnAway(remote, RefusalReason.Malformed, error);
            await connection.RefuseAsync(HubLine.Malformed.ToArray(), stranger.Limit);
            return false;
        }

        return await AuthenticateAsync(connection, remote, stranger, id, secret, line.After);
    }

    /// <summary>For a stranger that is served by others.</summary>
    public StrangerPass Pass(Stranger stranger) => new(strangers, stranger);

    /// <summary>
    /// Counts and logs one whose connection broke. When its limit had fired that is why, whatever is said of it now: a handshake that was
    /// given up may end as a failed one.
    /// </summary>
    public void NoteEnd(Stranger stranger, IPEndPoint remote, RefusalReason reason, string detail) =>
        TurnAway(remote, stranger.Ended ?? reason, detail);

    /// <summary>Counts and logs one that comes to nothing.</summary>
    private void TurnAway(IPEndPoint remote, RefusalReason reason, string detail)
    {
        Refusals.Add(reason);
        AcceptingLog.TurnedAway(logger, remote, reason, detail);
    }

    private async Task<bool> AuthenticateAsync(
        IStrangerConnection connection, IPEndPoint remote, Stranger stranger, string id, string secret, ReadOnlyMemory<byte> rest)
    {
        // A blocked pair is checked too, but for nothing that costs much: an edge whose secret is known here passes, whoever else guesses
        // behind its address.
        var start = failedTries.Pace.Start();
        var result = await allowed.AuthenticateAsync(id, secret, remote.Address, failedTries.IsBlocked(remote.Address, id), stranger.Limit);
        if (result.Status == AuthenticationStatus.Refused)
        {
            NoteFailure(remote, id);
            await failedTries.Pace.WaitAsync(start, stranger.Limit);
            await connection.RefuseAsync(HubLine.Unauthorized.ToArray(), stranger.Limit);
            return false;
        }

        var admitted = result.Status == AuthenticationStatus.Accepted
            ? live.Admit(result.Edge!, result.SecretId, remote, connection.Describe)
            : null;
        if (admitted is null)
        {
            TurnAway(remote, RefusalReason.Busy, id);
            await connection.RefuseAsync(HubLine.Busy.ToArray(), stranger.Limit);
            return false;
        }

        failedTries.Clear(remote.Address, id);
        AcceptingLog.Authenticated(logger, remote, id);
        // It is no stranger any more: nobody can make it give way, but the clock still runs for the answer.
        if (!strangers.Leave(stranger))
        {
            TurnAway(remote, RefusalReason.GaveWay, id);
            return false;
        }

        await connection.Stream.WriteAsync(HubLine.Serialize(admitted.Config), stranger.Limit);
        await connection.Stream.FlushAsync(stranger.Limit);
        live.Begin(admitted, connection.BecomeTunnel(id, rest, admitted));
        return true;
    }

    private void NoteFailure(IPEndPoint remote, string id)
    {
        if (failedTries.IsBlocked(remote.Address, id))
        {
            TurnAway(remote, RefusalReason.Blocked, id);
            return;
        }

        Refusals.Add(RefusalReason.Unauthorized);
        if (failedTries.AddFailure(remote.Address, id))
            AcceptingLog.Blocked(logger, remote, id);
        else
            AcceptingLog.Unauthorized(logger, remote, id);
        if (allowed.Find(id) is not null)
            live.Presences.OnRefused(id, remote);
    }
}
