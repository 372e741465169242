using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Security.Authentication;
using Microsoft.Extensions.Logging;
using Tunnel.Hub.Edges.Allowed;
using Tunnel.Hub.Edges.Live;
using Tunnel.Shared.Observability;
using Tunnel.Shared.Protocol.Handshake;
using Tunnel.Shared.Sockets;
using Tunnel.Shared.Strangers;
using Tunnel.Shared.Transport.Handshake;

namespace Tunnel.Hub.Accepting;

/// <summary>
/// Where strangers of all transports come together. It limits their number and time, reads the edge's line, checks its secret and answers
/// it (protocol.md section 2), and hands those that may stay to the live edges.
/// </summary>
internal sealed class Reception(
    IAllowedEdges allowed, LiveEdges live, StrangerRegistry strangers, FailedTries failedTries, ILogger<Reception> logger)
{
    /// <summary>Counts the connections that did not become a tunnel, by reason.</summary>
    public ReasonCounters<RefusalReason> Refusals { get; } = new();

    /// <summary>Whether a connection that has just come may keep its descriptor.</summary>
    public bool MayKeep(SafeHandle newcomer, DescriptorGuard descriptors) => strangers.MayKeep(newcomer, descriptors);

    /// <summary>Serves a stranger within its time limit.</summary>
    /// <param name="remote">The address and port that it comes from.</param>
    /// <param name="greetAsync">What to do with it; returns true when the connection has another owner now.</param>
    /// <param name="closeAsync">Closes a connection that did not become anything.</param>
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
    /// <param name="connection">The connection.</param>
    /// <param name="remote">The address and port of the edge.</param>
    /// <param name="stranger">Its time limit.</param>
    /// <param name="expected">The id of the edge that the hub has dialled; null when the edge has dialled.</param>
    /// <returns>True when the connection is a tunnel now.</returns>
    public async Task<bool> IntroduceAsync(
        IStrangerConnection connection, IPEndPoint remote, Stranger stranger, string? expected = null)
    {
        var line = await LineReader.ReadAsync(connection.Stream, EdgeLine.MaxLength, stranger.Limit);
        if (line.Line is null && !line.TooLong)
        {
            if (line.After.IsEmpty)
                NoteLeft(stranger, remote);
            else
                NoteEnd(stranger, remote, RefusalReason.ClosedEarly, "closed within its first line");
            return false;
        }

        var error = "the line is longer than 1,024 bytes";
        if (line.Line is not { } text || !EdgeLine.TryParse(text.Span, out var id, out var secret, out error))
        {
            TurnAway(remote, RefusalReason.Malformed, error);
            await connection.RefuseAsync(HubLine.Malformed.ToArray(), stranger.Limit);
            return false;
        }

        if (expected is not null && id != expected)
        {
            TurnAway(remote, RefusalReason.Unauthorized, $"it says {id}, and {expected} was dialled");
            await connection.RefuseAsync(HubLine.Unauthorized.ToArray(), stranger.Limit);
            return false;
        }

        return await AuthenticateAsync(connection, remote, stranger, id, secret, line.After);
    }

    /// <summary>Makes a pass for a stranger that others serve.</summary>
    public StrangerPass Pass(Stranger stranger) => new(strangers, stranger);

    /// <summary>
    /// Counts and logs a stranger whose connection broke. If its time limit had fired, that is the reason, whatever is reported now: a
    /// handshake that was given up may end as a failed one.
    /// </summary>
    public void NoteEnd(Stranger stranger, IPEndPoint remote, RefusalReason reason, string detail) =>
        TurnAway(remote, Ended(stranger) ?? reason, detail);

    /// <summary>
    /// Notes a stranger that left in order before it asked for anything: a monitor that looks whether the port is open, or an edge's
    /// doctor. Nothing was refused, so it is not counted, unless the hub itself had ended it.
    /// </summary>
    public void NoteLeft(Stranger stranger, IPEndPoint remote)
    {
        if (Ended(stranger) is { } reason)
            TurnAway(remote, reason, "it had sent nothing");
        else
            AcceptingLog.Left(logger, remote);
    }

    private static RefusalReason? Ended(Stranger stranger) =>
        stranger.GaveWay ? RefusalReason.GaveWay : stranger.Limit.IsCancellationRequested ? RefusalReason.Timeout : null;

    /// <summary>Counts and logs a stranger that does not become anything.</summary>
    private void TurnAway(IPEndPoint remote, RefusalReason reason, string detail)
    {
        Refusals.Add(reason);
        AcceptingLog.TurnedAway(logger, remote, reason, detail);
    }

    private async Task<bool> AuthenticateAsync(
        IStrangerConnection connection, IPEndPoint remote, Stranger stranger, string id, string secret, ReadOnlyMemory<byte> rest)
    {
        // A blocked pair is checked too, but only in ways that cost little: an edge whose secret the hub remembers passes, even if
        // somebody behind the same address is guessing.
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
        // The edge is no stranger any more, so nobody can make it give way, but its time limit still applies to the answer.
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
