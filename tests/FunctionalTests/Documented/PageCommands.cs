using System.Text;
using System.Text.RegularExpressions;
using Tunnel.FunctionalTests.Harness.Machines;
using Tunnel.TestUtilities;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests.Documented;

/// <summary>Runs the commands of pages on the machine that each is for, with the placeholders of the pages filled in.</summary>
internal sealed partial class PageCommands(MachinePair machines)
{
    private const string FirstEdge = "docs/operations/first-edge.md";
    private const string AddEdge = "edge add vps";
    private const string Reference = "docs/operations/reference.md";

    // An edge that was removed needs a secret; without this, the edge that is connected keeps its own.
    private const string VpsSecret = """
        , "secret": "the-secret-of-the-pages-edge"
        """;

    private const string Edges = $$"""
        [
          { "id": "vps", "listenPorts": [80, 443], "listenPortsUdp": [53]{{VpsSecret}} },
          { "id": "spare", "listenPorts": [8080, "8000-8010"], "listenPortsUdp": [53], "secret": "the-secret-of-the-spare-edge" }
        ]
        """;

    // The hub is asked, since an edge that has lost its tunnel goes on for a while as though it had it.
    private const string IsConnected = "tunnel-hub edge list | grep -E '^vps +(connected|conflict)'";
    private const string IsServing = "tunnel-edge status | grep 80,443";

    private static readonly string EdgesThatKeepTheirSecret = Edges.Replace(VpsSecret, "", StringComparison.Ordinal);

    // These are the placeholders of the pages, and what they are here. The edge "spare" is there to be changed; "vps" is connected.
    private readonly Dictionary<string, string> _placeholders = new()
    {
        ["$SOCKET"] = "/run/tunnel-hub/admin.sock",
        ["tunnel-hub:8443:192.0.2.1"] = "tunnel-hub:8443:127.0.0.1",
        ["TOKEN"] = "",
        ["HOST:PORT"] = "new.example.com:8443",
        ["block IP"] = "block 192.0.2.7",
        ["--address CIDR"] = "--address 10.1.0.0/24",
        ["types LIST"] = "types edgeConnected",
        ["disconnect ID"] = "disconnect vps",
        ["restore FILE"] = "restore FILE --dry-run",
        ["--edge ID"] = "--edge vps",
        ["add ID --tcp 80,443 --udp 53"] = "add another --tcp 8080 --udp 5353",
        ["add ID --tcp 80 --dial"] = "add dialled --tcp 8080 --dial",
        ["rename ID NEW"] = "rename spare renamed",
        ["ID --push"] = "vps --push",
        [" ID"] = " spare",
    };

    private readonly List<string> _assignments = [];

    /// <summary>nginx as the README has it, at the hub.</summary>
    public async Task StartUpstreamAsync()
    {
        const string configuration = """
            events {}
            http {
              access_log off;
              server {
                listen 127.0.0.1:80 proxy_protocol;
                listen 127.0.0.1:443 proxy_protocol;
                listen 127.0.0.1:8000-8010 proxy_protocol;
                listen 127.0.0.1:8080 proxy_protocol;
                set_real_ip_from 127.0.0.1;
                real_ip_header proxy_protocol;
                location / { return 200 "$remote_addr\n"; }
              }
            }
            """;
        (await machines.Hub.RunAsync("cat > /etc/nginx/nginx.conf && systemctl start nginx", configuration)).Succeeded();
    }

    /// <summary>Makes what the pages take for granted once hub and edge are installed.</summary>
    public async Task PrepareAsync()
    {
        (await machines.Hub.RunAsync(
            "printf '%s' '{ \"publicHost\": \"hub.example.com:8443\", \"adminOnTunnelPort\": true, \"defaultProxyProtocol\": \"v1\" }' > "
                + "/etc/tunnel-hub/hub.json"
            + " && systemctl restart tunnel-hub && openssl s_client -connect 127.0.0.1:8443 -alpn h2 < /dev/null 2> /dev/null | openssl "
            + "x509 > hub.pem")).Succeeded();
    }

    /// <summary>Puts the edges back, as a page before may have changed them, and lays out the files that the page shows.</summary>
    public async Task ResetAsync(string page)
    {
        _assignments.Clear();
        (await machines.Hub.RunAsync("cat > edges.json", Documentation.Block(page, "json", "[") ?? Edges)).Succeeded();
        if (page == FirstEdge)
        {
            (await machines.Hub.RunAsync("tunnel-hub edge remove vps")).Succeeded();
            return;
        }

        if ((await ApplyAsync(EdgesThatKeepTheirSecret)).ExitCode == 0 && await IsServingAsync())
            return;

        // The page before has taken the edge away, or its secret.
        (await ApplyAsync(Edges)).Succeeded();
        _placeholders["TOKEN"] = (await machines.Hub.RunAsync("tunnel-hub edge token vps")).Succeeded().StandardOutput.Trim();
        await PasteTokenAsync();
    }

    /// <returns>What went wrong: for each line that failed the page, the line and what it printed.</returns>
    public async Task<string> RunAsync(string page)
    {
        var wrong = new StringBuilder(await RunAsync(page, Documentation.ShellLines(page)));
        if (page != Reference)
            return wrong.ToString();

        _assignments.Clear();
        foreach (var line in new[] { "tunnel-hub", "tunnel-edge" }.SelectMany(program => Documentation.CommandsOf(page, program)).Where(
            static command => !command.IsMention && !NotRun.Reasons.ContainsKey($"sudo {command.Line}")))
        {
            // Each command is run by itself, because the one before may have ended the edge's tunnel.
            (await ApplyAsync(EdgesThatKeepTheirSecret)).Succeeded();
            await WaitUntilServingAsync();
            await RunAsync(page, line.Line, wrong);
        }

        return wrong.ToString();
    }

    /// <summary>Runs some lines of a page.</summary>
    /// <returns>What went wrong.</returns>
    public async Task<string> RunAsync(string page, IEnumerable<string> lines)
    {
        var wrong = new StringBuilder();
        foreach (var line in lines.Where(line => !NotRun.Reasons.ContainsKey(line)))
            await RunAsync(page, line, wrong);
        return wrong.ToString();
    }

    private async Task RunAsync(string page, string line, StringBuilder wrong)
    {
        var command = _placeholders.Aggregate(
            line, static (text, placeholder) => text.Replace(placeholder.Key, placeholder.Value, StringComparison.Ordinal));
        if (command.Contains("tunnel-hub events", StringComparison.Ordinal))
            command = $"timeout --preserve-status --signal INT 1 {command} || (($? == 130))";
        if (_placeholders["TOKEN"].Length == 0 && TakesToken().IsMatch(command))
        {
            _placeholders["TOKEN"] =
                (await machines.Hub.RunAsync($"tunnel-hub {AddEdge} --tcp 80,443 --udp 53")).Succeeded().StandardOutput.Trim();
        }

        var machine = ForEdge().IsMatch(command) ? machines.Edge : machines.Hub;
        var result = await machine.RunAsync(
            string.Concat(_assignments.Select(static earlier => earlier + " && ")) + command, _placeholders["TOKEN"]);
        if (result.ExitCode != 0)
        {
            wrong.AppendLine(
                $"{page}: {line}\n  ended at {machine.Name} with {result.ExitCode}: "
                    + $"{result.StandardOutput}{result.StandardError}\n{await machine.JournalAsync()}");
        }

        if (Assignment().IsMatch(command))
            _assignments.Add(command);
        if (!command.Contains(AddEdge, StringComparison.Ordinal))
            return;
        _placeholders["TOKEN"] = result.StandardOutput.Trim();
        if (page == FirstEdge)
            await PasteTokenAsync();
    }

    private async Task PasteTokenAsync()
    {
        (await machines.Edge.RunAsync(
            "systemctl stop tunnel-edge && rm -f /var/lib/tunnel-edge/hub-renewals.json && cat > /etc/tunnel-edge/token && systemctl "
                + "start tunnel-edge",
            _placeholders["TOKEN"])).Succeeded();
        await WaitUntilServingAsync();
    }

    private async Task WaitUntilServingAsync()
    {
        await machines.Hub.WaitForAsync(IsConnected);
        await machines.Edge.WaitForAsync(IsServing);
    }

    private async Task<bool> IsServingAsync() =>
        (await machines.Hub.RunAsync(IsConnected)).ExitCode == 0 && (await machines.Edge.RunAsync(IsServing)).ExitCode == 0;

    private Task<ProgramResult> ApplyAsync(string edges) => machines.Hub.RunAsync("cat > all.json && tunnel-hub apply -f all.json", edges);

    [GeneratedRegex(@"tunnel-edge|cp -rT? edge\b")]
    private static partial Regex ForEdge();

    [GeneratedRegex(@"tee /etc/tunnel-edge/token|tunnel-edge init")]
    private static partial Regex TakesToken();

    [GeneratedRegex(@"^[A-Z]+=")]
    private static partial Regex Assignment();
}
