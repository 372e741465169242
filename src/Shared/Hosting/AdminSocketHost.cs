using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Tunnel.Shared.Files;
using Tunnel.Shared.Sockets;

namespace Tunnel.Shared.Hosting;

/// <summary>
/// The admin API on a Unix socket of mode 0660: who may open the file may administer, so there is no password.
/// </summary>
public sealed class AdminSocketHost : IAsyncDisposable
{
    // Endpoints set limits of their own, and answer what exceeds them; this one only breaks the connection.
    private const long MaxBodyBytes = 20 << 20;

    private readonly WebApplication _application;

    private AdminSocketHost(WebApplication application, string socketPath)
    {
        _application = application;
        SocketPath = socketPath;
    }

    /// <summary>The socket's path.</summary>
    public string SocketPath { get; }

    /// <summary>
    /// Starts to serve. The socket's directory is made when missing; the socket of a process that was killed is replaced.
    /// </summary>
    /// <param name="socketPath">At most 107 bytes (unix(7)).</param>
    /// <param name="services">Adds what the endpoints need.</param>
    /// <param name="endpoints">Maps the endpoints, behind middleware where it adds some; routing has been done before it.</param>
    /// <param name="descriptors">Decides whether there is one for a connection.</param>
    /// <param name="loggerFactory">Where it logs.</param>
    /// <param name="cancellationToken">Gives up the start.</param>
    /// <param name="listeners">Adds other places where the API is served; who may use it there is the endpoints' business.</param>
    /// <exception cref="OperatorException">Another process serves this socket, or it can't be made; the message says what to
    /// do.</exception>
    public static async Task<AdminSocketHost> StartAsync(
        string socketPath,
        Action<IServiceCollection> services,
        Action<WebApplication> endpoints,
        DescriptorGuard descriptors,
        ILoggerFactory loggerFactory,
        CancellationToken cancellationToken,
        Action<KestrelServerOptions>? listeners = null)
    {
        var logger = loggerFactory.CreateLogger<AdminSocketHost>();
        AdminSocketFile.Prepare(socketPath, logger);
        var application = Build(
            socketPath, services, endpoints, new AdminListenerFactory(descriptors, TimeProvider.System, logger), loggerFactory, listeners);
        try
        {
            // Kestrel binds before StartAsync first yields, so the mask covers the file's creation and nothing after it.
            await UnixPermissions.WithOwnerAndGroupOnly(() => application.StartAsync(cancellationToken)).ConfigureAwait(false);
        }
        catch (Exception error) when (error is IOException or SocketException or UnauthorizedAccessException)
        {
            await application.DisposeAsync().ConfigureAwait(false);
            throw new OperatorException($"The admin API can't listen (on {socketPath}, or where else it shall): {error.Message}", error);
        }

        HostingLog.AdminListening(logger, socketPath);
        return new AdminSocketHost(application, socketPath);
    }

    /// <summary>Stops: requests under way get the given time.</summary>
    public async Task StopAsync(TimeSpan limit)
    {
        using var cut = new CancellationTokenSource(limit);
        await _application.StopAsync(cut.Token).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _application.DisposeAsync();

    private static WebApplication Build(
        string socketPath,
        Action<IServiceCollection> services,
        Action<WebApplication> endpoints,
        AdminListenerFactory sockets,
        ILoggerFactory loggerFactory,
        Action<KestrelServerOptions>? listeners)
    {
        // The empty builder reads no environment and no files: nothing but the caller decides where this listens.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = MaxBodyBytes;
            kestrel.ListenUnixSocket(socketPath);
            listeners?.Invoke(kestrel);
        });
        builder.Services.AddSingleton(loggerFactory);
        builder.Services.AddSingleton<IConnectionListenerFactory>(sockets);
        builder.Services.AddRoutingCore();
        services(builder.Services);
        var application = builder.Build();

        // The services' runner owns the signals.
        HeadRequests.Use(application);
        application.UseRouting();
        endpoints(application);
        return application;
    }
}
