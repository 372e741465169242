using System.CommandLine;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Edge.Configuration;
using Tunnel.Edge.Connecting;
using Tunnel.Edge.Doctor;
using Tunnel.Edge.Doctor.Checks;
using Tunnel.Edge.Endpoints;
using Tunnel.Edge.Status;
using Tunnel.Shared.Checks;
using Tunnel.Shared.Hosting;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Text;
using TransportContext = Tunnel.Shared.Transport.TransportContext;

namespace Tunnel.Edge.Cli;

/// <summary><c>tunnel-edge doctor</c>: checks everything that an edge needs, with the settings that the service would have.</summary>
internal static class DoctorCommand
{
    private static readonly Option<bool> AsJson = new("--json") { Description = "Print JSON, for machines" };

    public static Command Create()
    {
        var command = new Command(
            "doctor",
            "Check DNS, the way to the hub over TCP and UDP, its certificate, this edge's secret, ports and limits of this machine; each "
                + "line says ok or " +
            "what to do. Without arguments it takes the settings of the running service; else those of `run`. It logs in at the hub for "
                + "a moment, which " +
            "disturbs no running edge")
        {
            AsJson,
        };
        RunCommand.AddSettings(command);
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        var (output, found) = (parsed.InvocationConfiguration.Output, ServiceSettings.Find(parsed));
        if (found.Found.Status == CheckStatus.Failed)
            return await PrintAsync(parsed, output, CheckReport.Of([found.Found]));
        var settings = EdgeSettings.Load(found.Sources);
        // The tunnels' log lines would appear between the results; what matters in them is in the results.
        var transport = new TransportContext(settings.Edge.FlowControl, TimeProvider.System, NullLoggerFactory.Instance);
        var context = ContextOf(settings.Edge);
        var checks = DoctorChecks.OfMachine(
            context.Hubs,
            transport,
            found.Found,
            found.Service,
            async token => await StatusAsync(settings.AdminSocket, token) is { } status
                ? new RunningPorts(
                    new HashSet<PortKey>([.. status.ListenPorts.Select(PortKey.Tcp), .. status.ListenPortsUdp.Select(PortKey.Udp)]),
                    status.FailedPorts)
                : null,
            async token => (await StatusAsync(settings.AdminSocket, token))?.DescriptorLimit,
            settings.Edge.HubDials
                ? async token => await StatusAsync(settings.AdminSocket, token) is { } status
                    ? new AwaitedHub(status.Connected, status.Strangers)
                    : null
                : null);
        var report = await new CheckRun<DoctorContext>(checks, TimeProvider.System).RunAsync(context, cancellationToken);
        return await PrintAsync(parsed, output, CheckReport.Of(report.Checks.Select(context.Judge)));
    }

    private static async Task<int> PrintAsync(ParseResult parsed, TextWriter output, CheckReport report)
    {
        if (parsed.GetValue(AsJson))
            await output.WriteLineAsync(report.ToJson());
        else
            report.Write(output, Terminal.Of(output));
        return report.Ok ? ExitCodes.Fine : ExitCodes.Failed;
    }

    // The running edge does the same: the token only says where it starts.
    private static DoctorContext ContextOf(TunnelEdgeOptions options)
    {
        HubRenewals[] renewals =
            [.. options.ForEachHub().Select((own, index) => new HubRenewals(own.StateDirectory, StartOf(own, index), NullLogger.Instance))];
        foreach (var one in renewals)
            one.Others = [.. renewals.Where(other => other != one)];
        DoctorContext[] hubs = [.. options.ForEachHub().Select((own, index) => new DoctorContext(renewals[index].ApplyTo(own) with
        {
            Pins = new PinStore(own.StateDirectory, own.Pins, NullLogger.Instance, StartOf(own, index).FileFor(PinStore.FileName)).Current,
        })
        {
            Secrets = renewals[index].Secrets,
        })];
        return hubs is [var only] ? only : new DoctorContext(hubs[0].Options) { Hubs = [.. hubs] };
    }

    private static ConnectorOptions StartOf(TunnelEdgeOptions options, int hub) =>
        ConnectorOptions.Of(options, new Hello { Instance = "" }, hub);

    // The status is null when no edge is running.
    private static async Task<EdgeStatus?> StatusAsync(string socket, CancellationToken cancellationToken)
    {
        using var client = new AdminClient(EdgeCommandLine.Program, socket);
        try
        {
            var response = await client.GetAsync("api/v1/status", cancellationToken);
            return response.IsSuccess ? JsonSerializer.Deserialize(response.Body, EdgeJsonContext.Default.EdgeStatus) : null;
        }
        catch (OperatorException)
        {
            return null;
        }
    }
}
