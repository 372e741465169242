using System.Collections.Frozen;
using System.Globalization;
using Microsoft.Extensions.Logging;
using Tunnel.Hub.Admin;
using Tunnel.Hub.Configuration;
using Tunnel.Hub.Observability;
using Tunnel.Shared.Configuration;
using Tunnel.Shared.Hosting;
using Tunnel.Shared.Hosting.Logging;
using Tunnel.Shared.Observability;

namespace Tunnel.Hub;

/// <summary>The hub as a program: the hub itself and its admin socket, under a service manager or in a terminal.</summary>
internal static class HubService
{
    // The admin API's requests are short; a stop does not wait for a client that does not read.
    private static readonly TimeSpan AdminStopLimit = TimeSpan.FromSeconds(2);

    // limits.memoryBudget and the like are fixed when the parts are made.
    private static readonly FrozenSet<string> Live = [.. LogOptions.Settings, .. OtlpSettings.Settings, "targetHost", "publicHost", "limits.streamsPerEdge"];

    /// <summary>Runs until a signal.</summary>
    /// <returns>One of <see cref="ExitCodes"/>.</returns>
    /// <exception cref="ConfigurationException">The configuration is not valid.</exception>
    public static async Task<int> RunAsync(ConfigurationSources sources)
    {
        var options = TunnelHubOptionsReader.Read(sources);
        using var log = ServiceLogging.Create(options.Log);
        var loggerFactory = log.Factory;
        using var notifier = new SystemdNotifier();
        using var meters = new ServiceMeters();
        using var metrics = new PrometheusExporter(HubMetrics.MeterName);
        using var push = new OtlpSwitch("tunnel-hub", TunnelHub.Version, HubMetrics.MeterName);
        push.Use(options.Otlp);
        await using var hub = new TunnelHub(options, loggerFactory, TimeProvider.System, meters.Factory);
        AdminSocketHost? admin = null;
        var publicHost = options.PublicHost;
        using var reload = new ConfigurationReload<TunnelHubOptions>(
            sources, TunnelHubOptionsReader.Read, Live, Change, TimeProvider.System, loggerFactory.CreateLogger("Tunnel.Hub.Configuration"));
        var runner = new ServiceRunner(notifier, loggerFactory.CreateLogger("Tunnel.Hub.Service"), TimeProvider.System);
        return await runner.RunAsync(new ServiceDefinition
        {
            Name = "tunnel-hub",
            StartAsync = async cancellation =>
            {
                await hub.StartAsync(cancellation);
                admin = await StartAdminAsync(new AdministeredHub(hub, metrics), options, () => Volatile.Read(ref publicHost), loggerFactory, cancellation);
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

        void Change(TunnelHubOptions changed)
        {
            log.Options = changed.Log;
            Volatile.Write(ref publicHost, changed.PublicHost);
            hub.ChangeOptions(changed);
            push.Use(changed.Otlp);
        }
    }

    private static Task<AdminSocketHost> StartAdminAsync(AdministeredHub hub, TunnelHubOptions options, Func<string?> publicHost, ILoggerFactory loggerFactory, CancellationToken cancellationToken) =>
        AdminSocketHost.StartAsync(
            options.AdminSocket,
            AdminApi.AddServices,
            application => AdminApi.Map(application, hub, publicHost, loggerFactory.CreateLogger("Tunnel.Hub.Admin")),
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
