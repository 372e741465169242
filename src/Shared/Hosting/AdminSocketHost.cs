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
/// Serves the admin API on a Unix socket of mode 0660. Whoever may open the file may administer, so there is no password.
/// </summary>
public sealed class AdminSocketHost : IAsyncDisposable
{
    // Endpoints have limits of their own, and answer requests that exceed them; this limit only breaks the connection.
    private const long MaxBodyBytes = 20 << 20;

    private readonly WebApplication _application;
    private readonly AdminListenerFactory _listeners;
    private bool _isPublished;

    private AdminSocketHost(WebApplication application, AdminListenerFactory listeners, string socketPath)
    {
        _application = application;
        _listeners = listeners;
        SocketPath = socketPath;
    }

    /// <summary>The socket's path.</summary>
    public string SocketPath { get; }

    /// <summary>
    /// Starts to serve. Creates the socket's directory when it is missing, and replaces the socket of a process that was killed.
    /// </summary>
    /// <param name="socketPath">The socket's path, at most 107 bytes (unix(7)).</param>
    /// <param name="services">Adds what the endpoints need.</param>
    /// <param name="endpoints">Maps the endpoints and may add middleware before them; routing is already in place.</param>
    /// <param name="descriptors">Decides whether there is a descriptor for a connection.</param>
    /// <param name="loggerFactory">Creates the loggers.</param>
    /// <param name="cancellationToken">Cancels the start.</param>
    /// <param name="listeners">Adds other places where the API is served; the endpoints decide who may use it there.</param>
    /// <param name="sockets">What the process before left of these other places; null: nothing.</param>
    /// <param name="replaces">
    /// Whether this process is about to replace the one that serves this socket: clients find that one until <see cref="Publish"/>.
    /// </param>
    /// <exception cref="OperatorException">Another process serves this socket, or it can't be created; the message says what to
    /// do.</exception>
    public static async Task<AdminSocketHost> StartAsync(
        string socketPath,
        Action<IServiceCollection> services,
        Action<WebApplication> endpoints,
        DescriptorGuard descriptors,
        ILoggerFactory loggerFactory,
        CancellationToken cancellationToken,
        Action<KestrelServerOptions>? listeners = null,
        SocketStore? sockets = null,
        bool replaces = false)
    {
        var logger = loggerFactory.CreateLogger<AdminSocketHost>();
        AdminSocketFile.Prepare(socketPath, replaces, logger);
        var factory = new AdminListenerFactory(sockets ?? SocketStore.None, descriptors, TimeProvider.System, logger);
        var application = Build(socketPath, services, endpoints, factory, loggerFactory, listeners);
        try
        {
            // Kestrel binds before StartAsync first yields, so the mask covers the file's creation and nothing after it.
            await UnixPermissions.WithOwnerAndGroupOnly(() => application.StartAsync(cancellationToken)).ConfigureAwait(false);
            var host = new AdminSocketHost(application, factory, socketPath);
            if (!replaces)
                host.Publish();
            HostingLog.AdminListening(logger, socketPath);
            return host;
        }
        catch (Exception error) when (error is IOException or SocketException or UnauthorizedAccessException)
        {
            await application.DisposeAsync().ConfigureAwait(false);
            throw new OperatorException($"The admin API can't listen on {socketPath}, or at another of its places: {error.Message}", error);
        }
    }

    /// <summary>Lets clients find this process at the socket and at the other places, also if another one serves there.</summary>
    /// <exception cref="IOException">The socket can't be put there.</exception>
    public void Publish()
    {
        AdminSocketFile.Publish(SocketPath);
        _isPublished = true;
        _listeners.Open();
    }

    /// <summary>Leaves the socket and the other places to another process that has taken its place; what is connected stays.</summary>
    public void Leave()
    {
        _isPublished = false;
        _listeners.Leave();
    }

    /// <summary>Stops serving; requests under way get the given time.</summary>
    public async Task StopAsync(TimeSpan limit)
    {
        Remove();
        using var cut = new CancellationTokenSource(limit);
        await _application.StopAsync(cut.Token).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        Remove();
        return _application.DisposeAsync();
    }

    // Nobody shall find the socket any more.
    private void Remove()
    {
        if (_isPublished)
            File.Delete(SocketPath);
        _isPublished = false;
    }

    private static WebApplication Build(
        string socketPath,
        Action<IServiceCollection> services,
        Action<WebApplication> endpoints,
        AdminListenerFactory sockets,
        ILoggerFactory loggerFactory,
        Action<KestrelServerOptions>? listeners)
    {
        // The empty builder reads neither environment nor files, so the caller alone decides where this listens.
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

        // The services' runner handles the signals.
        HeadRequests.Use(application);
        application.UseRouting();
        endpoints(application);
        return application;
    }
}
