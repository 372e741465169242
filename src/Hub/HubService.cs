using System.Globalization;
using Microsoft.Extensions.Logging;
using Tunnel.Hub.Accepting;
using Tunnel.Hub.Admin;
using Tunnel.Hub.Admin.Access;
using Tunnel.Hub.Admin.Network;
using Tunnel.Hub.Configuration;
using Tunnel.Hub.Edges.State;
using Tunnel.Shared.Hosting;

namespace Tunnel.Hub;

/// <summary>The hub as a program: the hub itself and its admin socket, under a service manager or in a terminal.</summary>
internal static class HubService
{
    // The admin API's requests are short; a stop does not wait for a client that does not read.
    private static readonly TimeSpan AdminStopLimit = TimeSpan.FromSeconds(2);

    /// <summary>Runs until a signal.</summary>
    /// <returns>One of <see cref="ExitCodes"/>.</returns>
    public static async Task<int> RunAsync(TunnelHubOptions options)
    {
        using var loggerFactory = ServiceLogging.CreateFactory(options.LogLevel);
        using var notifier = new SystemdNotifier();
        var network = new NetworkAdmin(options, TimeProvider.System);
        await using var hub = new TunnelHub(options, loggerFactory, TimeProvider.System) { HttpConnections = network.TunnelPort };
        AdminSocketHost? admin = null;
        var runner = new ServiceRunner(notifier, loggerFactory.CreateLogger("Tunnel.Hub.Service"), TimeProvider.System);
        return await runner.RunAsync(new ServiceDefinition
        {
            Name = "tunnel-hub",
            StartAsync = async cancellation =>
            {
                await hub.StartAsync(cancellation);
                admin = await StartAdminAsync(hub, network, options, loggerFactory, cancellation);
            },
            StopAsync = async drain =>
            {
                if (admin is not null)
                    await StopAdminAsync(admin);
                await hub.StopAsync(drain);
            },
            DrainTimeout = options.DrainTimeout,
            Status = () => Describe(hub.GetStatus()),
        });
    }

    private static Task<AdminSocketHost> StartAdminAsync(
        TunnelHub hub, NetworkAdmin network, TunnelHubOptions options, ILoggerFactory loggerFactory, CancellationToken cancellationToken)
    {
        var logger = loggerFactory.CreateLogger("Tunnel.Hub.Admin");
        var key = AdminKey.Load(options.StateDir, new StateFiles());
        var access = new AdminAccess(key, new FailedTries(TimeProvider.System, options.Limits.FailedTriesPerMinute), logger);
        return AdminSocketHost.StartAsync(
            options.AdminSocket,
            services =>
            {
                AdminApi.AddServices(services);
                network.AddServices(services);
            },
            application => AdminApi.Map(application, new AdministeredHub(hub), key, access, options.PublicHost, logger),
            loggerFactory,
            cancellationToken,
            kestrel => network.Listen(kestrel, hub.CertificateContext!));
    }

    private static async Task StopAdminAsync(AdminSocketHost admin)
    {
        await admin.StopAsync(AdminStopLimit);
        await admin.DisposeAsync();
    }

    private static string Describe(HubStatus status) => string.Create(
        CultureInfo.InvariantCulture,
        $"port {status.TunnelPort}, {status.ConnectedEdges.Length} of {status.AllowedEdges} edges connected, {status.ConnectedEdges.Sum(edge => edge.ActiveStreams)} streams");
}
