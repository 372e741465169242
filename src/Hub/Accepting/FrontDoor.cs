using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using Microsoft.Extensions.Logging;
using Tunnel.Hub.Edges;
using Tunnel.Hub.Edges.Live;
using Tunnel.Shared.Protocol.Handshake;
using Tunnel.Shared.Transport.Tls;

namespace Tunnel.Hub.Accepting;

/// <summary>
/// Takes an accepted connection through TLS, the edge's line and the answer (protocol.md section 2), within one time limit, and hands it to
/// the registry as a tunnel.
/// </summary>
internal sealed class FrontDoor(
    HubCertificate certificate,
    IAllowedEdges allowed,
    LiveEdges live,
    ITunnelFactory tunnels,
    StrangerRegistry strangers,
    FailedTries failedTries,
    IHttpConnections? http,
    TimeProvider time,
    ILogger<FrontDoor> logger)
{
    private readonly ServerTls _tls = new(certificate.Context);
    private readonly Refusal _refusal = new(time);

    /// <summary>Connections that did not become a tunnel, by reason.</summary>
    public ReasonCounters<RefusalReason> Refusals { get; } = new();

    /// <summary>Takes a connection in. Returns at once; the connection is closed when it comes to nothing.</summary>
    public void Accept(Socket socket) => _ = ServeAsync(socket);

    /// <summary>The same, to be awaited by tests.</summary>
    internal async Task ServeAsync(Socket socket)
    {
        if (Describe(socket) is not { } remote)
        {
            socket.Dispose();
            return;
        }

        var stranger = strangers.Enter(remote.Address, out var evicted);
        evicted?.GiveWay();
        TlsConnection? connection = null;
        var handedOver = false;
        try
        {
            connection = new TlsConnection(socket);
            handedOver = await GreetAsync(connection, remote, stranger);
        }
        catch (OperationCanceledException)
        {
            TurnAway(remote, stranger.GaveWay ? RefusalReason.GaveWay : RefusalReason.Timeout, "not authenticated in time");
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            TurnAway(remote, RefusalReason.ClosedEarly, e.Message);
        }
        catch (Exception e)
        {
            AcceptingLog.Defect(logger, e, remote);
        }
        finally
        {
            if (!handedOver)
                await CloseAsync(connection, socket);
            if (strangers.Leave(stranger) || handedOver)
                stranger.StopClock();
        }
    }

    private static async ValueTask CloseAsync(TlsConnection? connection, Socket socket)
    {
        if (connection is not null)
            await connection.DisposeAsync();
        socket.Dispose();
    }

    private async Task<bool> GreetAsync(TlsConnection connection, IPEndPoint remote, Stranger stranger)
    {
        try
        {
            var options = http?.IsOfferedTo(remote.Address) == true ? _tls.ForTunnelsAndHttp : _tls.ForTunnels;
            await connection.Stream.AuthenticateAsServerAsync(options, stranger.Limit);
        }
        catch (Exception e) when (e is AuthenticationException or IOException or NotSupportedException)
        {
            TurnAway(remote, RefusalReason.TlsFailed, e.InnerException?.Message ?? e.Message);
            return false;
        }

        if (http is not null && IsHttp(connection.Stream.NegotiatedApplicationProtocol))
        {
            await http.ServeAsync(connection, remote, new StrangerPass(strangers, stranger));
            return false;
        }

        var line = await LineReader.ReadAsync(connection.Stream, EdgeLine.MaxLength, stranger.Limit);
        if (line.Line is null && !line.TooLong)
        {
            TurnAway(remote, RefusalReason.ClosedEarly, "closed before its first line");
            return false;
        }

        var error = "the line is longer than 1,024 bytes";
        if (line.Line is not { } text || !EdgeLine.TryParse(text.Span, out var id, out var secret, out error))
        {
            TurnAway(remote, RefusalReason.Malformed, error);
            await _refusal.SendAsync(connection, HubLine.Malformed.ToArray(), stranger.Limit);
            return false;
        }

        return await AuthenticateAsync(connection, remote, stranger, id, secret, line.After);
    }

    private static bool IsHttp(SslApplicationProtocol protocol) => protocol == SslApplicationProtocol.Http2 || protocol == SslApplicationProtocol.Http11;

    private async Task<bool> AuthenticateAsync(
        TlsConnection connection, IPEndPoint remote, Stranger stranger, string id, string secret, ReadOnlyMemory<byte> rest)
    {
        // Checked even when the pair is blocked: a right secret always passes.
        var result = await allowed.AuthenticateAsync(id, secret, stranger.Limit);
        if (result.Status == AuthenticationStatus.Refused)
        {
            NoteFailure(remote, id);
            await _refusal.SendAsync(connection, HubLine.Unauthorized.ToArray(), stranger.Limit);
            return false;
        }

        var admitted = result.Status == AuthenticationStatus.Accepted ? live.Admit(result.Edge!, result.SecretId, remote, tunnels.Describe) : null;
        if (admitted is null)
        {
            TurnAway(remote, RefusalReason.Busy, id);
            await _refusal.SendAsync(connection, HubLine.Busy.ToArray(), stranger.Limit);
            return false;
        }

        failedTries.Clear(remote.Address, id);
        AcceptingLog.Authenticated(logger, remote, id);
        // It is no stranger any more: nobody can make it give way, but the clock still runs for the answer.
        if (!strangers.Leave(stranger))
            throw new OperationCanceledException("gave way to a newer connection");
        await connection.Stream.WriteAsync(HubLine.Serialize(admitted.Config), stranger.Limit);
        await connection.Stream.FlushAsync(stranger.Limit);
        live.Begin(admitted, tunnels.Create(connection, id, rest, admitted));
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
    }

    private void TurnAway(IPEndPoint remote, RefusalReason reason, string detail)
    {
        Refusals.Add(reason);
        AcceptingLog.TurnedAway(logger, remote, reason, detail);
    }

    // Null when the client is gone already.
    private static IPEndPoint? Describe(Socket socket)
    {
        try
        {
            var remote = (IPEndPoint)socket.RemoteEndPoint!;
            return remote.Address.IsIPv4MappedToIPv6 ? new IPEndPoint(remote.Address.MapToIPv4(), remote.Port) : remote;
        }
        catch (SocketException)
        {
            return null;
        }
    }
}
