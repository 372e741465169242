using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Tunnel.Hub.Admin.Answers;
using Tunnel.Hub.Status;
using Tunnel.Shared.Protocol;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Text;

namespace Tunnel.Hub.Cli;

/// <summary><c>tunnel-hub status</c>.</summary>
internal static class StatusCommand
{
    public static Command Create(CommonOptions options) =>
        options.Remote(new Command("status", "Show the running hub and its connected edges")).Does(options, async (context, cancellation) =>
        {
            var answer = await context.SendAsync(HttpMethod.Get, "api/v1/status", null, cancellation);
            if (context.Json)
                await context.Out.WriteLineAsync(answer);
            else
                await PrintAsync(context.Out, JsonSerializer.Deserialize(answer, AdminJson.Default.HubStatus)!);
        });

    internal static async Task PrintAsync(TextWriter output, HubStatus status)
    {
        await output.WriteTextAsync(string.Create(
            CultureInfo.InvariantCulture,
            $"tunnel-hub {status.Version} runs since {status.Since:u} on port {status.TunnelPort}: {status.ConnectedEdges.Length} of {status.AllowedEdges} edges connected"));
        if (!status.ConnectedEdges.IsEmpty)
            await PrintEdgesAsync(output, status);
        foreach (var edge in status.ConnectedEdges)
        {
            foreach (var port in edge.FailedPorts)
                await output.WriteTextAsync($"{edge.EdgeId} can't listen on {port}: {port.Error}");
            if (edge.Firewall is { State: not FirewallReport.None } firewall)
                await output.WriteTextAsync($"{edge.EdgeId} firewall {firewall.State} ({firewall.Mode}){(firewall.Errors.IsDefaultOrEmpty ? "" : $": {string.Join("; ", firewall.Errors)}")}");
            if (edge.Firewall?.Drift is { } drift)
                await output.WriteTextAsync($"{edge.EdgeId} firewall changed by somebody else ({drift.What}), {(drift.Mended ? "put back" : "not put back")}");
        }

        if (status.TcpMemory?.Describe() is { } memory)
            await output.WriteTextAsync($"The kernel's memory for TCP is {memory}");
        await PrintCountsAsync(output, "Connections refused", status.Refusals);
        await PrintCountsAsync(output, "Streams failed", status.StreamFailures);
        await PrintCountsAsync(output, "UDP lost", status.SessionFailures);
    }

    private static async Task PrintEdgesAsync(TextWriter output, HubStatus status)
    {
        var table = new TextTable("EDGE", "FROM", "TRANSPORT", "RTT", "STREAMS", "SESSIONS", "IN", "OUT", "TCP", "UDP");
        foreach (var edge in status.ConnectedEdges)
        {
            table.Add(
                edge.EdgeId,
                edge.Remote,
                JsonNamingPolicy.CamelCase.ConvertName(edge.Transport.ToString()) + (edge.Lanes > edge.Tunnels ? $", {Number(edge.Lanes)} lanes" : ""),
                edge.Rtt is { } rtt ? string.Create(CultureInfo.InvariantCulture, $"{rtt:0.0} ms") : "-",
                Number(edge.ActiveStreams),
                Number(edge.ActiveSessions),
                ByteText.Format(edge.BytesIn),
                ByteText.Format(edge.BytesOut),
                Ports(edge.ListenPorts),
                Ports(edge.ListenPortsUdp));
        }

        await table.WriteAsync(output);
    }

    private static async Task PrintCountsAsync(TextWriter output, string what, IReadOnlyDictionary<string, long> counts)
    {
        if (counts.Any(count => count.Value > 0))
            await output.WriteTextAsync($"{what}: {string.Join(", ", counts.Where(count => count.Value > 0).Select(count => $"{count.Key} {Number(count.Value)}"))}");
    }

    private static string Ports(IEnumerable<int> ports) => PortList.Format(ports) is { Length: > 0 } text ? text : "-";

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);
}
