using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using Tunnel.Shared.Files;
using Tunnel.Shared.Sockets;

namespace Tunnel.Shared.Hosting.Replacing;

/// <summary>
/// The side of the process that is replaced: passes on what it has over its admin socket. Until the other process says that it serves,
/// this one goes on as if nothing had happened.
/// </summary>
/// <param name="service">The service.</param>
/// <param name="sockets">The sockets that the other process is to have; they stay this process's too.</param>
/// <param name="replaced">
/// Called with the id of the process that is to serve from now on; this one has to stop taking clients then. It returns false when this one
/// stops by itself, as after a signal: the other one can't follow it then.
/// </param>
/// <param name="time">The clock of the time limit.</param>
/// <param name="logger">The log.</param>
public sealed class HandOver(
    IReplaceable service, SocketStore sockets, Func<int, bool> replaced, TimeProvider time, ILogger logger)
{
    /// <summary>How long the other process may take until it serves.</summary>
    internal static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);

    private int _attempts;
    private int _isBusy;

    /// <summary>How often another process has begun to replace this one.</summary>
    public int Attempts => Volatile.Read(ref _attempts);

    /// <summary>Answers the request of a process that is to replace this one; passes on all other requests.</summary>
    public void Use(IApplicationBuilder application) => application.Use(
        next => context => context.Request.Path == HandOverProtocol.Path && AdminConnection.IsLocal(context)
            ? ServeAsync(context)
            : next(context));

    private async Task ServeAsync(HttpContext context)
    {
        var socket = context.Features.Get<IConnectionSocketFeature>()!.Socket;
        if (context.Features.Get<IHttpUpgradeFeature>() is not { IsUpgradableRequest: true } upgrade)
        {
            context.Response.StatusCode = StatusCodes.Status426UpgradeRequired;
            return;
        }

        // Whoever may open the socket may administer, but the state and its keys are for the service's own user.
        var peer = PeerCredentials.Of(socket);
        if (peer.User != UnixFile.CurrentUser && peer.User != 0)
        {
            context.Response.StatusCode = StatusCodes.Status403Forbidden;
            return;
        }

        if (service.IsStopping)
        {
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            return;
        }

        if (Interlocked.Exchange(ref _isBusy, 1) != 0)
        {
            context.Response.StatusCode = StatusCodes.Status409Conflict;
            return;
        }

        Interlocked.Increment(ref _attempts);
        ReplacingLog.Begins(logger, peer.Process);
        await using var stream = await upgrade.UpgradeAsync();
        var serves = false;
        try
        {
            await service.OnReplacingAsync();
            StateFiles.SetPassedOn(true);
            serves = await PassAsync(socket, stream) && replaced(peer.Process);
        }
        finally
        {
            // Whatever went wrong, this process goes on.
            if (!serves)
            {
                StateFiles.SetPassedOn(false);
                service.OnReplacingFailed();
                ReplacingLog.Failed(logger, peer.Process);
                Volatile.Write(ref _isBusy, 0);
            }
        }

        if (serves)
        {
            ReplacingLog.Done(logger, peer.Process);
            await stream.WriteAsync(new[] { HandOverProtocol.Done });
        }
    }

    /// <returns>Whether the other process says that it serves.</returns>
    private async Task<bool> PassAsync(Socket socket, Stream stream)
    {
        try
        {
            using var limit = new CancellationTokenSource(Limit, time);
            // What the server has written may still be on its way, and must not come after the first descriptor.
            if (!await HearsAsync(stream, HandOverProtocol.Begin, limit.Token))
                return false;
            // Thousands of descriptors may have to wait for the other side to read.
            if (!await Task.Run(() => Pass(socket)))
                return false;
            await stream.WriteAsync(Farewell(service.Name));
            return await HearsAsync(stream, HandOverProtocol.Ready, limit.Token);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // The server closes the connection, and its socket, as soon as the other process ends.
            return false;
        }
    }

    private static async Task<bool> HearsAsync(Stream stream, byte expected, CancellationToken cancellationToken)
    {
        var said = new byte[1];
        return await stream.ReadAsync(said, cancellationToken) == 1 && said[0] == expected;
    }

    // The server does not write while a request of another protocol is served, so nothing else gets between these bytes.
    private bool Pass(Socket socket)
    {
        if (service.StateLock is { } held && !Send(socket, HandOverProtocol.Lock, held))
            return false;
        return sockets.Kept.All(bound => Send(socket, HandOverProtocol.Socket, bound.SafeHandle));
    }

    private static bool Send(Socket socket, byte what, SafeHandle descriptor) =>
        NativeDescriptors.Send(socket, [what], descriptor);

    private static byte[] Farewell(string name)
    {
        var bytes = Encoding.UTF8.GetBytes(name);
        return [HandOverProtocol.End, (byte)bytes.Length, .. bytes];
    }
}
