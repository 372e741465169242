using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using Tunnel.Shared.Guarding;
using Tunnel.Shared.Sockets;
using Tunnel.Shared.Strangers;
using Tunnel.Shared.Transport.Tls.Connections;

namespace Tunnel.Hub.Accepting;

/// <summary>Takes an accepted TCP connection through TLS and passes it to the <see cref="Reception"/>.</summary>
internal sealed class FrontDoor(
    Func<HubCertificate> certificate, Reception reception, ITunnelFactory tunnels, IHttpConnections? http, DescriptorGuard descriptors,
    TimeProvider time)
{
    private readonly Refusal _refusal = new(time);

    /// <summary>
    /// Takes in a connection. Returns at once; the connection is closed unless it becomes a tunnel or an HTTP connection.
    /// </summary>
    public void Accept(Socket socket) => ServeAsync(socket).Guard("receiving a stranger");

    /// <summary>Does the same as <see cref="Accept"/>, but can be awaited by tests.</summary>
    internal async Task ServeAsync(Socket socket)
    {
        if (RemoteAddress.Of(socket) is not { } remote)
        {
            socket.Dispose();
            return;
        }

        if (!reception.MayKeep(socket.SafeHandle, descriptors))
        {
            reception.Refusals.Add(RefusalReason.DescriptorLimit);
            socket.Dispose();
            return;
        }

        TlsConnection? connection = null;
        await reception.ServeAsync(
            remote,
            stranger => GreetAsync(connection = new TlsConnection(socket), remote, stranger),
            () => CloseAsync(connection, socket));
    }

    /// <summary>
    /// Takes a connection that the hub has made to an edge through TLS, where the hub is the server as ever, and asks the edge who it is.
    /// </summary>
    /// <param name="socket">The connection.</param>
    /// <param name="edgeId">The edge.</param>
    /// <param name="onSecured">Called when somebody is there who knows the hub's certificate, before the edge is asked.</param>
    /// <returns>True when it belongs to a tunnel now; else it is closed.</returns>
    public async Task<bool> ServeDialledAsync(Socket socket, string edgeId, Action? onSecured = null)
    {
        if (RemoteAddress.Of(socket) is not { } remote)
        {
            socket.Dispose();
            return false;
        }

        TlsConnection? connection = null;
        var isTunnel = false;
        await reception.ServeAsync(
            remote,
            async stranger =>
            {
                connection = new TlsConnection(socket);
                var tls = await certificate().Tls.WaitAsync(stranger.Limit);
                if (!await SecureAsync(connection, tls.ForTunnels, remote, stranger))
                    return false;
                onSecured?.Invoke();
                return isTunnel =
                    await reception.IntroduceAsync(new TlsStranger(connection, _refusal, tunnels), remote, stranger, edgeId);
            },
            () => CloseAsync(connection, socket));
        return isTunnel;
    }

    private static async ValueTask CloseAsync(TlsConnection? connection, Socket socket)
    {
        if (connection is not null)
            await connection.DisposeAsync();
        socket.Dispose();
    }

    private async Task<bool> GreetAsync(TlsConnection connection, IPEndPoint remote, Stranger stranger)
    {
        var tls = await certificate().Tls.WaitAsync(stranger.Limit);
        var options = http?.IsOfferedTo(remote.Address) == true ? tls.ForTunnelsAndHttp : tls.ForTunnels;
        if (!await SecureAsync(connection, options, remote, stranger))
            return false;
        if (http is not null && IsHttp(connection.Stream.NegotiatedApplicationProtocol))
        {
            await http.ServeAsync(connection, remote, reception.Pass(stranger));
            return false;
        }

        return await reception.IntroduceAsync(new TlsStranger(connection, _refusal, tunnels), remote, stranger);
    }

    private async Task<bool> SecureAsync(
        TlsConnection connection, SslServerAuthenticationOptions options, IPEndPoint remote, Stranger stranger)
    {
        try
        {
            await connection.Stream.AuthenticateAsServerAsync(options, stranger.Limit);
            return true;
        }
        catch (Exception e) when (e is AuthenticationException or IOException or NotSupportedException)
        {
            if (connection.EndedWithoutAByte)
                reception.NoteLeft(stranger, remote);
            else
                reception.NoteEnd(stranger, remote, RefusalReason.TlsFailed, e.InnerException?.Message ?? e.Message);
            return false;
        }
    }

    private static bool IsHttp(SslApplicationProtocol protocol) =>
        protocol == SslApplicationProtocol.Http2 || protocol == SslApplicationProtocol.Http11;
}
