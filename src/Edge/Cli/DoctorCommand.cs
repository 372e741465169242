using System.CommandLine;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Edge.Doctor;
using Tunnel.Edge.Doctor.Checks;
using Tunnel.Edge.Endpoints;
using Tunnel.Edge.Status;
using Tunnel.Shared.Hosting;
using TransportContext = Tunnel.Shared.Transport.TransportContext;

namespace Tunnel.Edge.Cli;

/// <summary><c>tunnel-edge doctor</c>: looks at everything that an edge needs, with the settings that the service would have.</summary>
internal static class DoctorCommand
{
    private static readonly Option<bool> AsJson = new("--json") { Description = "Print JSON, for machines" };

    public static Command Create()
    {
        var command = new Command(
            "doctor",
            "Check DNS, the way to the hub over TCP and UDP, its certificate, this edge's secret, ports and limits of this machine; each line says ok or " +
            "what to do. Takes the settings of `run`. It logs in at the hub for a moment, which disturbs no running edge. " +
            "Exit code 0 when nothing failed, 1 when something did.")
        {
            AsJson,
        };
        RunCommand.AddSettings(command);
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        var settings = RunCommand.LoadSettings(parsed);
        // Tunnels' logs would stand between the lines; what matters of them is in the results.
        var transport = new TransportContext(settings.Edge.FlowControl, TimeProvider.System, NullLoggerFactory.Instance);
        var doctor = new Doctor.Doctor(DoctorChecks.OfMachine(transport, token => RunningPortsAsync(settings.AdminSocket, token)), TimeProvider.System);
        var report = await doctor.RunAsync(new DoctorContext(settings.Edge), cancellationToken);
        if (parsed.GetValue(AsJson))
            await Console.Out.WriteLineAsync(report.ToJson());
        else
            report.Write(Console.Out);
        return report.Ok ? ExitCodes.Fine : ExitCodes.Failed;
    }

    private static async Task<IReadOnlySet<PortKey>?> RunningPortsAsync(string socket, CancellationToken cancellationToken)
    {
        using var client = new AdminClient(EdgeCommandLine.Program, socket);
        try
        {
            var response = await client.GetAsync("api/v1/status", cancellationToken);
            if (!response.IsSuccess || JsonSerializer.Deserialize(response.Body, EdgeJsonContext.Default.EdgeStatus) is not { } status)
                return null;
            return new HashSet<PortKey>([.. status.ListenPorts.Select(PortKey.Tcp), .. status.ListenPortsUdp.Select(PortKey.Udp)]);
        }
        catch (OperatorException)
        {
            // None runs.
            return null;
        }
    }
}
