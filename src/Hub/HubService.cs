using System.Collections.Frozen;
using System.Globalization;
using Microsoft.Extensions.Logging;
using Tunnel.Hub.Admin;
using Tunnel.Hub.Admin.Access;
using Tunnel.Hub.Admin.Network;
using Tunnel.Hub.Configuration;
using Tunnel.Hub.Observability;
using Tunnel.Hub.Status;
using Tunnel.Shared.Configuration;
using Tunnel.Shared.Files;
using Tunnel.Shared.Hosting;
using Tunnel.Shared.Hosting.Logging;
using Tunnel.Shared.Hosting.Replacing;
using Tunnel.Shared.Observability;
using Tunnel.Shared.Strangers;
using Tunnel.Shared.Text;

namespace Tunnel.Hub;

/// <summary>The hub as a program: the hub itself and its admin socket, under a service manager or in a terminal.</summary>
internal static class HubService
{
    // The admin API's requests are short; a stop does not wait for a client that does not read.
    private static readonly TimeSpan AdminStopLimit = TimeSpan.FromSeconds(2);

    // The settings that can change while the hub runs; others, such as limits.memoryBudget, are fixed when the parts are made.
    private static readonly FrozenSet<string> Live = [
        .. LogOptions.Settings, .. OtlpSettings.Settings, "targetHost", "targetAllowCidrs", "defaultProxyProtocol", "publicHost",
        "limits.streamsPerEdge"];

    /// <summary>Runs the hub until a signal.</summary>
    /// <param name="sources">Where its settings come from.</param>
    /// <param name="takesOver">Whether it takes over from the process that runs on this machine, if there is one.</param>
    /// <returns>One of <see cref="ExitCodes"/>.</returns>
    /// <exception cref="ConfigurationException">The configuration is not valid.</exception>
    public static async Task<int> RunAsync(ConfigurationSources sources, bool takesOver)
    {
        InheritedSignals.HeedInterrupt();
        var options = TunnelHubOptionsReader.Read(sources);
        using var log = ServiceLogging.Create(options.Log);
        var loggerFactory = log.Factory;
        var notifier = new SystemdNotifier();
        using var takeOver = TakeOver.BeginIfWanted(options.AdminSocket, takesOver);
        var inherited = TakeOver.Inherit(takeOver);
        using var sockets = inherited.Sockets;
        var network = new NetworkAdmin(options, TimeProvider.System);
        using var meters = new ServiceMeters();
        using var metrics = new PrometheusExporter(HubMetrics.MeterName);
        using var push =
            new OtlpSwitch("tunnel-hub", ProductVersion.Number, HubMetrics.MeterName, loggerFactory.CreateLogger("Tunnel.Hub.Metrics"));
        push.Use(options.Otlp);
        await using var hub =
            new TunnelHub(options, loggerFactory, TimeProvider.System, meters.Factory)
            {
                HttpConnections = network.TunnelPort,
                Inherited = inherited,
            };
        AdminSocketHost? admin = null;
        var publicHost = options.PublicHost;
        using var reload = new ConfigurationReload<TunnelHubOptions>(
            sources,
            TunnelHubOptionsReader.Read,
            Live,
            Change,
            changed => log.Options = changed.Log,
            TimeProvider.System,
            loggerFactory.CreateLogger("Tunnel.Hub.Configuration"));
        var runner = new ServiceRunner(notifier, loggerFactory.CreateLogger("Tunnel.Hub.Service"), TimeProvider.System);
        var replacing = loggerFactory.CreateLogger("Tunnel.Hub.Replacing");
        var handOver = new HandOver(hub, sockets, runner.ReplaceBy, TimeProvider.System, replacing);
        using var successor = new Successor(() => handOver.Attempts, TimeProvider.System, replacing);
        return await runner.RunAsync(new ServiceDefinition
        {
            Name = "tunnel-hub",
            StartAsync = StartAsync,
            StopAsync = async drain =>
            {
                // Whoever asks learns until the end of the drain that the hub is well and not ready.
                hub.BeforeClosing = CloseAdminAsync;
                try
                {
                    await hub.StopAsync(drain);
                }
                finally
                {
                    await CloseAdminAsync();
                }
            },
            LeaveAsync = async limit =>
            {
                // Those who follow events connect again, to the other process.
                admin?.Leave();
                await Task.WhenAll(admin is null ? Task.CompletedTask : StopAdminAsync(admin), hub.LeaveAsync(limit));
            },
            DrainTimeout = options.DrainTimeout,
            Status = () => Describe(hub.GetStatus()),
            FindFaultAsync = _ => hub.FindFaultAsync(),
            ReleaseMemory = hub.ReleaseMemory,
        });

        async Task StartAsync(CancellationToken cancellation)
        {
            // The admin socket is opened in between, so that whoever sees the tunnel port open finds the socket too, and a second hub on
            // the same socket opens no port.
            hub.BeforeOpening = async token => admin = await StartAdminAsync(
                hub, new AdministeredHub(hub, metrics), network, options, handOver, () => Volatile.Read(ref publicHost), loggerFactory,
                token);
            hub.BeforeServing = async token =>
            {
                if (takeOver is null)
                    return;
                await takeOver.FinishAsync(token);
                admin?.Publish();
            };
            try
            {
                await hub.StartAsync(cancellation);
            }
            catch when (admin is not null)
            {
                await CloseAdminAsync();
                throw;
            }
        }

        Task CloseAdminAsync() => Interlocked.Exchange(ref admin, null) is { } open ? StopAdminAsync(open) : Task.CompletedTask;

        void Change(TunnelHubOptions changed)
        {
            Volatile.Write(ref publicHost, changed.PublicHost);
            hub.ChangeOptions(changed);
            push.Use(changed.Otlp);
        }
    }

    private static Task<AdminSocketHost> StartAdminAsync(
        TunnelHub hub,
        AdministeredHub administered,
        NetworkAdmin network,
        TunnelHubOptions options,
        HandOver handOver,
        Func<string?> publicHost,
        ILoggerFactory loggerFactory,
        CancellationToken cancellationToken)
    {
        var logger = loggerFactory.CreateLogger("Tunnel.Hub.Admin");
        var keys = AdminKeys.Load(options.StateDir, new StateFiles());
        var front = AdminFront.Create(
            keys,
            new FailedTries(TimeProvider.System, options.Limits.FailedTriesPerMinute),
            publicHost,
            () => hub.Certificate?.Certificate,
            () => PageAddresses.Of(options, publicHost(), hub.GetStatus().TunnelPort),
            TimeProvider.System,
            logger);
        return AdminSocketHost.StartAsync(
            options.AdminSocket,
            services =>
            {
                AdminApi.AddServices(services);
                network.AddServices(services);
            },
            application =>
            {
                handOver.Use(application);
                AdminApi.Map(application, administered, front, publicHost, logger);
            },
            hub.Descriptors,
            loggerFactory,
            cancellationToken,
            kestrel => network.Listen(kestrel, () => hub.Run.Certificates.Present),
            hub.Inherited.Sockets,
            replaces: hub.Inherited.Replaces is not null);
    }

    private static async Task StopAdminAsync(AdminSocketHost admin)
    {
        await admin.StopAsync(AdminStopLimit);
        await admin.DisposeAsync();
    }

    private static string Describe(HubStatus status) => string.Create(
        CultureInfo.InvariantCulture,
        $"port {status.TunnelPort}, {status.ConnectedEdges.Length} of {CountText.Of(status.AllowedEdges, "edge")} connected, "
            + $"{CountText.Of(status.ConnectedEdges.Sum(edge => edge.ActiveStreams), "stream")}");
}
