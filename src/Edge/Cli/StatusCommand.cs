using System.CommandLine;
using System.Text.Json;
using Tunnel.Edge.Status;
using Tunnel.Shared.Hosting;
using Tunnel.Shared.Operator;
using Tunnel.Shared.Text;

namespace Tunnel.Edge.Cli;

/// <summary><c>tunnel-edge status</c>: shows the state of the running edge.</summary>
internal static class StatusCommand
{
    private static readonly Option<bool> AsJson = new("--json") { Description = "Print JSON, for machines" };

    private static readonly Option<string?> Socket = new("--admin-socket")
    {
        Description = "The running edge's admin socket [default: where `run` would put it]",
        HelpName = "PATH",
    };

    public static Command Create()
    {
        var command = new Command("status", "Show how the running edge is") { AsJson, Socket };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        var socket = parsed.GetValue(Socket) ?? EdgeSettings.RunningAdminSocket(RunCommand.UsualSources);
        using var client = new AdminClient(EdgeCommandLine.Program, socket);
        var response = await client.GetAsync("api/v1/status", cancellationToken);
        if (!response.IsSuccess)
            throw new OperatorException(string.Join('\n', response.Errors()));
        if (parsed.GetValue(AsJson))
        {
            await parsed.InvocationConfiguration.Output.WriteLineAsync(response.Body);
        }
        else
        {
            Write(
                JsonSerializer.Deserialize(response.Body, EdgeJsonContext.Default.EdgeStatus)!, parsed.InvocationConfiguration.Output,
                Terminal.Of(parsed.InvocationConfiguration.Output));
        }

        return ExitCodes.Fine;
    }

    internal static void Write(EdgeStatus status, TextWriter output, Terminal terminal)
    {
        var failed = terminal.Alarm("FAILED");
        output.WriteText($"edge      {status.EdgeId}");
        foreach (var hub in status.Hubs.Length > 1 ? status.Hubs.Select(Describe) : [DescribeHub(status)])
            output.WriteText($"hub       {hub}");
        foreach (var warning in status.Warnings)
            output.WriteText($"warning   {warning}");
        if (status.Proxy is { } proxy)
            output.WriteText($"proxy     {proxy}");
        if (status.TransportDetail is { } why)
            output.WriteText($"transport {status.TransportMode}, {status.TransportReason}: {why}");
        if (status.MaxPacket is { } limit)
            output.WriteText($"path      packets of at most {limit} bytes: the hub did not answer with larger ones");
        if (status.LastError is { } error)
            output.WriteText($"error     {error}");
        if (status.Crash is { } crash)
        {
            output.WriteText(
                $"crash     the last run{(crash.PreviousStart is { } begun ? $", begun {begun:u}," : "")} was cut "
                + $"off{(crash.Error is { } left ? $"; {left}" : "")}");
        }

        if (status.PublicIp is { } address)
            output.WriteText($"public    {address}{(status.PublicIpv6 is { } ipv6 && ipv6 != address ? $", {ipv6}" : "")}");
        output.WriteText($"TCP       {Ports(status.ListenPorts)}");
        output.WriteText($"UDP       {Ports(status.ListenPortsUdp)}");
        foreach (var failure in status.FailedPorts)
            output.WriteLine($"{failed}    {TerminalText.Escape($"{failure}: {failure.Error}")}");

        if (status.Firewall is { State: not "none" } firewall)
            output.WriteText($"firewall  {firewall.State} ({firewall.Mode}), {CountText.Of(firewall.Blocked, "source")} blocked");
        foreach (var note in status.Firewall?.Errors ?? [])
            output.WriteText($"firewall  {note}");
        if (status.Firewall?.Drift is { } drift)
        {
            output.WriteText(
                $"firewall  changed by somebody else {CountText.Of(drift.Count, "time")}, last: {drift.What}; "
                + $"{(drift.Mended ? "put back" : "can't be put back")}");
        }

        output.WriteText($"streams   {status.ActiveStreams}, UDP sessions {status.ActiveSessions}");
        output.WriteText($"carried   {ByteText.Format(status.BytesIn)} from clients, {ByteText.Format(status.BytesOut)} to clients");
        if (status.TcpMemory?.Describe() is { } memory)
            output.WriteText($"TCP memory of the kernel {memory}");
        foreach ((var reason, var count) in status.Refused)
            output.WriteText($"refused   {count} {reason}");
    }

    private static string DescribeHub(EdgeStatus status) => status.Connected
        ? $"{(status.Dial == "hub" ? $"has dialled {status.Hub}" : status.Hub)} ({status.HubAddress}), connected over "
            + $"{status.Transport}{(status.Lanes > 1 ? $" in {status.Lanes} lanes" : "")} since {status.Since:u}"
        : status.Dial == "hub" ? $"awaited at {status.Hub}, not connected"
        : $"{status.Hub}, not connected{(status.NextAttempt is { } next ? $", next try at {next:u}" : "")}";

    private static string Describe(EdgeHubStatus hub)
    {
        var state = hub switch
        {
            { Connected: true, Silent: true } => $"does not answer, connected over {hub.Transport} since {hub.Since:u}",
            { Connected: true } => $"connected over {hub.Transport} since {hub.Since:u}",
            { LostSince: { } since } => $"lost since {since:u}, what is open waits for it",
            _ => $"not connected{(hub.NextAttempt is { } next ? $", next try at {next:u}" : "")}",
        };
        var error = hub is { Connected: false, LastError: { } fault } ? $"; {fault}" : "";
        var outdated = hub.Outdated ? "; its configuration is older than that in force" : "";
        return $"{hub.Hub}{(hub.HubAddress is { } address ? $" ({address})" : "")}, {state}, {CountText.Of(hub.ActiveStreams, "stream")}"
            + error + outdated;
    }

    private static string Ports(IReadOnlyCollection<int> ports) => ports.Count == 0 ? "none" : PortList.Format(ports);
}
