using System.Globalization;
using Microsoft.Extensions.Logging;
using Tunnel.Hub.Admin;
using Tunnel.Hub.Configuration;
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
        await using var hub = new TunnelHub(options, loggerFactory, TimeProvider.System);
        AdminSocketHost? admin = null;
        var runner = new ServiceRunner(notifier, loggerFactory.CreateLogger("Tunnel.Hub.Service"), TimeProvider.System);
        return await runner.RunAsync(new ServiceDefinition
        {
            Name = "tunnel-hub",
            StartAsync = async cancellation =>
            {
                await hub.StartAsync(cancellation);
                admin = await StartAdminAsync(hub, options, loggerFactory, cancellation);
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

    private static Task<AdminSocketHost> StartAdminAsync(TunnelHub hub, TunnelHubOptions options, ILoggerFactory loggerFactory, CancellationToken cancellationToken) =>
        AdminSocketHost.StartAsync(
            options.AdminSocket,
            AdminApi.AddServices,
            application => AdminApi.Map(application, new AdministeredHub(hub), options.PublicHost, loggerFactory.CreateLogger("Tunnel.Hub.Admin")),
            loggerFactory,
            cancellationToken);

    private static async Task StopAdminAsync(AdminSocketHost admin)
    {
        await admin.StopAsync(AdminStopLimit);
        await admin.DisposeAsync();
    }

    private static string Describe(HubStatus status) => string.Create(
        CultureInfo.InvariantCulture,
        $"port {status.TunnelPort}, {status.ConnectedEdges.Length} of {status.AllowedEdges} edges connected, {status.ConnectedEdges.Sum(edge => edge.ActiveStreams)} streams");
}
