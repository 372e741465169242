using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Tunnel.Hub.Admin.Answers;
using Tunnel.Hub.Status;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Text;

namespace Tunnel.Hub.Cli;

/// <summary><c>tunnel-hub status</c>: shows the running hub and all its edges.</summary>
internal static class StatusCommand
{
    public static Command Create(CommonOptions options)
    {
        var edges = new EdgesOptions();
        var command = new Command("status", "Show the running hub and all its edges, those that are down with when and why they went");
        return options.Remote(edges.AddTo(command)).Does(options, async (context, cancellation) =>
        {
            var answer = await context.SendAsync(HttpMethod.Get, edges.StatusPath(context), null, cancellation);
            if (context.Json)
            {
                await context.Out.WriteLineAsync(answer);
                return;
            }

            var status = JsonSerializer.Deserialize(answer, AdminJson.Default.HubStatus)!;
            await PrintAsync(context.Out, context.Terminal, status, DateTimeOffset.UtcNow);
            await context.WriteNextAsync(status.Next);
        });
    }

    internal static async Task PrintAsync(TextWriter output, Terminal terminal, HubStatus status, DateTimeOffset now)
    {
        await output.WriteTextAsync(string.Create(
            CultureInfo.InvariantCulture,
            $"tunnel-hub {status.Version} runs since {status.Since:u} on port {status.TunnelPort}: {status.EdgesConnected} of "
                + $"{CountText.Of(status.AllowedEdges, "edge")} connected"));
        if (!status.Edges.IsEmpty)
            await PrintEdgesAsync(output, terminal, status, now);
        foreach (var edge in status.Edges)
        {
            foreach (var line in EdgeText.Lines(edge, now))
                await output.WriteTextAsync(line);
        }

        // What is wrong is said in the words that the dashboards have.
        await PrintTroublesAsync(
            output, terminal,
            [.. HubTroubles.OfHub(status, now), .. status.ConnectedEdges.SelectMany(edge => HubTroubles.OfTunnel(edge, now)),
                .. status.ConnectedEdges.SelectMany(HubTroubles.OfDrift)]);
        foreach (var edge in status.ConnectedEdges)
            await PrintFirewallAsync(output, terminal, edge);
        foreach (var port in status.Ports.Where(port => port.Doubt is not null))
        {
            await output.WriteTextAsync(
                $"{port.EdgeId} {port.Proto}/{port.Port}: {port.Doubt}; without it: tunnel-hub port set {port.EdgeId} "
                + $"{port.Proto}/{port.Port} --proxy off");
        }

        foreach (var line in status.Ports.SelectMany(TargetText.Faults))
            await PrintAlarmAsync(output, terminal, "", line);
        foreach (var line in status.Ports.SelectMany(AdmissionText.Reduced))
            await PrintAlarmAsync(output, terminal, "", line);
        foreach (var certificate in status.PortCertificates.Where(certificate => certificate.IsAlarm(now)))
        {
            await PrintAlarmAsync(
                output, terminal, certificate.IsBroken(now) ? "FAILED" : "", $"{certificate.EdgeId} {certificate.Describe(now)}");
        }

        foreach (var authorizer in status.Authorizers.Where(static authorizer => authorizer.Fault is not null))
            await PrintAlarmAsync(output, terminal, "", $"{authorizer.EdgeId} {authorizer.Describe()}");
        await PrintCountsAsync(output, "Connections refused", status.Refusals);
        await PrintCountsAsync(output, "Streams failed", status.StreamFailures);
        await PrintCountsAsync(output, "UDP lost", status.SessionFailures);
    }

    private static async Task PrintEdgesAsync(TextWriter output, Terminal terminal, HubStatus status, DateTimeOffset now)
    {
        var table = new TextTable("EDGE", "STATE", "SINCE", "FROM", "TRANSPORT", "RTT", "STREAMS", "SESSIONS", "IN", "OUT", "TCP", "UDP");
        var connected = status.ConnectedEdges.ToDictionary(edge => edge.EdgeId, StringComparer.Ordinal);
        foreach (var edge in status.Edges)
        {
            var word = EdgeText.Word(edge, status.SharedState is not null);
            string[] who = [edge.EdgeId, word, EdgeText.Since(edge, now), edge.Remote ?? "-"];
            table.Add([.. who, .. connected.TryGetValue(edge.EdgeId, out var live) ? Traffic(live, edge) : Enumerable.Repeat("-", 8)]);
        }

        await table.WriteAsync(output, terminal.Width);
    }

    private static IEnumerable<string> Traffic(ConnectedEdgeStatus live, AllowedEdgeStatus edge) =>
    [
        JsonNamingPolicy.CamelCase.ConvertName(live.Transport.ToString())
            + (live.Lanes > live.Tunnels ? $", {Number(live.Lanes)} lanes" : ""),
        live.Rtt is { } rtt ? string.Create(CultureInfo.InvariantCulture, $"{rtt:0.0} ms") : "-",
        Number(live.ActiveStreams),
        Number(live.ActiveSessions),
        ByteText.Format(live.BytesIn),
        ByteText.Format(live.BytesOut),
        Ports(edge.Tcp.Bound),
        Ports(edge.Udp.Bound),
    ];

    private static async Task PrintFirewallAsync(TextWriter output, Terminal terminal, ConnectedEdgeStatus edge)
    {
        if (edge.Firewall is { State: not FirewallReport.None } firewall)
        {
            var line = $"{edge.EdgeId} firewall {firewall.State} "
                + $"({firewall.Mode}){(firewall.Errors.IsDefaultOrEmpty ? "" : $": {string.Join("; ", firewall.Errors)}")}";
            await PrintAlarmAsync(output, terminal, firewall.Fault is null ? "" : "FAILED", line);
        }
    }

    private static async Task PrintTroublesAsync(TextWriter output, Terminal terminal, IEnumerable<Trouble> troubles)
    {
        foreach (var trouble in troubles)
            await PrintAlarmAsync(output, terminal, trouble.Health == Health.Bad ? "FAILED" : "", $"{trouble.Title}: {trouble.Detail}");
    }

    private static Task PrintAlarmAsync(TextWriter output, Terminal terminal, string alarm, string line) =>
        output.WriteLineAsync(alarm.Length == 0 ? TerminalText.Escape(line) : $"{terminal.Alarm(alarm)} {TerminalText.Escape(line)}");

    private static async Task PrintCountsAsync(TextWriter output, string what, IReadOnlyDictionary<string, long> counts)
    {
        if (counts.Any(count => count.Value > 0))
        {
            var seen = counts.Where(count => count.Value > 0).Select(count => $"{count.Key} {Number(count.Value)}");
            await output.WriteTextAsync($"{what}: {string.Join(", ", seen)}");
        }

    }

    private static string Ports(string ports) => ports.Length > 0 ? ports : "-";

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);
}
