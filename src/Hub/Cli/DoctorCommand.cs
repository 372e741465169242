using System.CommandLine;
using System.Text.Json;
using Tunnel.Hub.Admin.Answers;
using Tunnel.Hub.Doctor;
using Tunnel.Shared.Checks;
using Tunnel.Shared.Hosting;

namespace Tunnel.Hub.Cli;

/// <summary><c>tunnel-hub doctor</c>: checks what a running hub needs.</summary>
internal static class DoctorCommand
{
    private const int ServiceUnavailable = 503;

    public static Command Create(CommonOptions options)
    {
        var edge = new Option<string?>("--edge")
        {
            Description = "An edge that the hub dials: its name, port and TLS are tried from here, connected or not",
            HelpName = "ID",
        };
        var command = options.Remote(new Command(
            "doctor",
            "Check the running hub, its certificate and state directory, its port, its edges, what ports are forwarded to, descriptors "
                + "and the clock; each line says ok or what to do") { edge });
        command.SetAction(
            (parse, cancellation) => CommandAction.RunAsync(
                parse, () => RunAsync(new CommandContext(parse, options), parse.GetValue(edge), cancellation)));
        return command;
    }

    private static async Task<int> RunAsync(CommandContext context, string? edge, CancellationToken cancellationToken)
    {
        var report = await ReportAsync(context, edge, cancellationToken);
        if (context.Json)
            await context.Out.WriteLineAsync(report.ToJson());
        else
            report.Write(context.Out, context.Terminal);
        return report.Ok ? ExitCodes.Fine : ExitCodes.Failed;
    }

    private static async Task<CheckReport> ReportAsync(CommandContext context, string? edge, CancellationToken cancellationToken)
    {
        try
        {
            using var client = context.Client();
            var found = await AskAsync(context, client, cancellationToken) with { EdgeId = edge };
            return await new CheckRun<HubDoctorContext>(HubChecks.OfMachine(TimeProvider.System), TimeProvider.System).RunAsync(
                found, cancellationToken);
        }
        catch (OperatorException none)
        {
            return CheckReport.Of([new CheckResult("service", CheckStatus.Failed, none.Message, "see its log: journalctl -u tunnel-hub")]);
        }
    }

    private static async Task<HubDoctorContext> AskAsync(
        CommandContext context, AdminClient client, CancellationToken cancellationToken)
    {
        var ready = await client.GetAsync("readyz", cancellationToken);
        return new HubDoctorContext
        {
            Status = JsonSerializer.Deserialize(await GetAsync("api/v1/status"), AdminJson.Default.HubStatus)!,
            Certificate = JsonSerializer.Deserialize(await GetAsync("api/v1/certificate"), AdminJson.Default.CertificateStatus)!,
            Edges = [.. EdgesAnswer.Read(await GetAsync("api/v1/edges"))],
            Metrics = await GetAsync("metrics"),
            AskPortsAsync = async _ =>
                JsonSerializer.Deserialize(await GetAsync("api/v1/streams/stats"), AdminJson.Default.StreamStatsAnswer)!.Ports,
            NotReady = ready.StatusCode == ServiceUnavailable ? string.Join("; ", ready.Errors()) : null,
            IsElsewhere = context.IsElsewhere,
        };

        async Task<string> GetAsync(string path)
        {
            var answer = await client.GetAsync(path, cancellationToken);
            return answer.IsSuccess ? answer.Body : throw CommandContext.Refused(answer, path);
        }
    }
}
