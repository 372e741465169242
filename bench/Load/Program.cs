using System.CommandLine;
using System.Globalization;
using System.Net;
using Tunnel.Bench.Load;
using Tunnel.Bench.Load.Hostile;
using Tunnel.Bench.Load.Hubs;
using Tunnel.Bench.Load.Peers;
using Tunnel.Bench.Load.Resume;
using Tunnel.Bench.Load.Rows;
using Tunnel.Bench.Load.Scale;
using Tunnel.Bench.Load.Soak;
using Tunnel.Bench.Load.Upgrades;
using Tunnel.Bench.Load.Wan;
using Tunnel.Shared.Transport.Quic;

var rounds = new Option<int>("--rounds")
{
    Description = "How often each row is run through each peer; medians are shown.",
    DefaultValueFactory = _ => 3,
};
var seconds = new Option<int>("--seconds") { Description = "How long a timed row runs.", DefaultValueFactory = _ => 5 };
var rows = new Option<string[]>("--rows")
{
    Description = "Only rows whose name contains one of these words.",
    AllowMultipleArgumentsPerToken = true,
};
var peers = new Option<string[]>("--peers")
{
    Description = "Only these peers: direct, tunnel, native, haproxy, stunnel, ssh; with --wan direct, "
    + "tunnel, quic (where libmsquic is); with --hostile tunnel, quic.",
    AllowMultipleArgumentsPerToken = true
};
var root =
    new Option<string>("--root") { Description = "The checkout, built Release.", DefaultValueFactory = _ => Environment.CurrentDirectory };
var wan = new Option<bool>("--wan")
{
    Description = "The rows over a wide-area link instead, between two network namespaces (root); needs a build of tools/WanLink.",
};
var loss = new Option<double>("--loss") { Description = "With --wan: packets that the link loses, in percent." };
var scale = new Option<bool>("--scale") { Description = "How cost grows with streams (1, 100, 9,000) and edges (1, 100, 1,000) instead." };
var storm = new Option<bool>("--storm")
{
    Description = "500 edges whose hub is killed or restarted instead: when all are back, and how evenly they dial.",
};
var hubs = new Option<bool>("--hubs")
{
    Description = "What new clients see of the loss of one of three hubs instead (root): killed, stopped, cut off, --rounds times each.",
};
var upgrades = new Option<bool>("--upgrades")
{
    Description = "What 200 new clients a second see of ten upgrades of the hub and of the edge instead (root), over TLS and QUIC.",
};
var resume = new Option<bool>("--resume")
{
    Description = "How soon 5,000 idle connections answer again after a cut instead, over TLS and QUIC, --rounds times each.",
};
var features = new Option<bool>("--features")
{
    Description = "What settings cost instead: no resume, none of the ports' settings, one at a time, and the programs of --before.",
};
var before = new Option<string>("--before") { Description = "With --features: a checkout of an earlier commit, built Release." };
var hostile = new Option<bool>("--hostile") { Description = "A healthy echo beside floods by an edge or by clients instead." };
var soak = new Option<int>("--soak")
{
    Description = "So many minutes of mixed traffic, faults and changes instead: does anything grow, is anything lost?",
};
var rate = new Option<double>("--rate")
{
    Description = "With --hostile: how often a second a flood does what it does.",
    DefaultValueFactory = _ => 10_000,
};
var settle = new Option<int>("--settle")
{
    Description = "With --hostile: seconds after a flood until memory is looked at again.",
    DefaultValueFactory = _ => 60,
};
var command = new RootCommand("Measures this product beside Debian's HAProxy, stunnel and OpenSSH, interleaved, on loopback.")
{
    rounds, seconds, rows, peers, root, wan, loss, scale, storm, hubs, upgrades, resume, features, before, hostile, rate,
    settle, soak,
};
command.SetAction(parsed => parsed.GetValue(soak) is > 0 and var minutes
    ? SoakRun.RunAsync(
        parsed.GetValue(root)!, TimeSpan.FromMinutes(minutes), (parsed.GetValue(peers) ?? []).Contains("quic") ? "quic" : "tcpTls")
    : parsed.GetValue(hostile)
    ? MeasureHostileAsync(
        parsed.GetValue(root)!, parsed.GetValue(rounds), parsed.GetValue(seconds), parsed.GetValue(rate), parsed.GetValue(settle),
        parsed.GetValue(rows) ?? [], parsed.GetValue(peers) ?? [])
    : parsed.GetValue(wan)
    ? MeasureWanAsync(
        parsed.GetValue(root)!, parsed.GetValue(loss), parsed.GetValue(rounds), parsed.GetValue(seconds), parsed.GetValue(rows) ?? [],
        parsed.GetValue(peers) ?? [])
    : parsed.GetValue(storm)
    ? MeasureStormAsync(parsed.GetValue(root)!)
    : parsed.GetValue(hubs)
    ? HubsRun.StartAsync(parsed.GetValue(root)!, parsed.GetValue(rounds), parsed.GetValue(rows) ?? [])
    : parsed.GetValue(upgrades)
    ? UpgradesRun.StartAsync(parsed.GetValue(root)!, parsed.GetValue(rows) ?? [])
    : parsed.GetValue(resume)
    ? MeasureResumeAsync(parsed.GetValue(root)!, parsed.GetValue(rounds))
    : parsed.GetValue(scale)
    ? MeasureScaleAsync(parsed.GetValue(root)!, parsed.GetValue(rounds), parsed.GetValue(seconds))
    : parsed.GetValue(features)
    ? MeasureAsync(
        parsed.GetValue(root)!, parsed.GetValue(rounds), parsed.GetValue(seconds),
        parsed.GetValue(rows) is { Length: > 0 } named ? named : ["1 stream", "HTTP", "idle connections"], parsed.GetValue(peers) ?? [],
        WithFeatures.Peers(parsed.GetValue(before)), "-features")
    : MeasureAsync(
        parsed.GetValue(root)!, parsed.GetValue(rounds), parsed.GetValue(seconds), parsed.GetValue(rows) ?? [],
        parsed.GetValue(peers) ?? [],
        [
            () => new Direct(), () => new ThisTunnel(), .. NativePeers(parsed.GetValue(root)!), () => new HaproxyPair(),
            () => new StunnelPair(), () => new SshForward(),
        ], ""));

// These are the programs that a measurement starts as processes of their own.
if (args is ["echo-server", var served]) return await EchoProgram.ServeAsync(IPEndPoint.Parse(served));
if (args is [HubsRun.Inside, var checkout, var tries, .. var names])
    return await MeasureHubsAsync(checkout, int.Parse(tries, CultureInfo.InvariantCulture), names);
if (args is [UpgradesRun.Inside, var upgraded, .. var upgradeNames]) return await MeasureUpgradesAsync(upgraded, upgradeNames);
if (args is ["flood", var order]) return FloodProgram.Run(order);
if (args is ["sink", var closing, var source, var datagrams])
{
    return SinkProgram.Run(
        int.Parse(closing, CultureInfo.InvariantCulture), int.Parse(source, CultureInfo.InvariantCulture),
        int.Parse(datagrams, CultureInfo.InvariantCulture));
}

if (args is ["echo-client", var address, var port, var delay, var duration])
{
    return await EchoProgram.MeasureAsync(
        address, int.Parse(port, CultureInfo.InvariantCulture), int.Parse(delay, CultureInfo.InvariantCulture),
        int.Parse(duration, CultureInfo.InvariantCulture));
}

return await command.Parse(args).InvokeAsync();

// They are measured where they have been made.
static Func<IPeer>[] NativePeers(string root)
{
    using var place = new Workplace(root) { IsNative = true };
    return File.Exists(place.Hub) && File.Exists(place.Edge)
        ? [static () => new ThisTunnel("native", static _ => []) { IsNative = true }]
        : [];
}

static async Task<int> MeasureWanAsync(string root, double loss, int rounds, int seconds, string[] rowNames, string[] peerNames)
{
    var results = new Results();
    var report = await Report.StartAsync(root, rounds, seconds, () => results.ToMarkdown(WanRun.Peers), "-wan");
    await new WanRun(loss, rowNames, seconds, results, report.SaveAsync).MeasureAsync(root, rounds, peerNames);
    return await EndAsync(report);
}

static async Task<int> MeasureHostileAsync(
    string root, int rounds, int seconds, double rate, int settle, string[] rowNames, string[] peerNames)
{
    List<HostileRow> table = [];
    var report = await Report.StartAsync(root, rounds, seconds, () => HostileRow.Head + string.Join('\n', table) + "\n", "-hostile");
    var run = new HostileRun(rounds, seconds, rate, settle);
    var floods = HostileFlood.All.Where(flood => rowNames.Length == 0 || rowNames.Any(flood.Name.Contains)).ToArray();
    foreach (var peer in new[] { "tunnel", "quic" }.Where(peer => peerNames.Length == 0 || peerNames.Contains(peer)))
    {
        if (peer == "quic" && !QuicLibrary.TryLoad(out var reason))
        {
            Console.Error.WriteLine($"no quic: {reason}");
            continue;
        }

        foreach (var flood in floods.Where(flood => peer != "quic" || !flood.IsOfFrames))
        {
            table.Add(await run.MeasureAsync(root, flood, peer == "quic" ? "quic" : "tcpTls"));
            await report.SaveAsync();
        }
    }

    return await EndAsync(report);
}

static async Task<int> MeasureScaleAsync(string root, int rounds, int seconds)
{
    var results = new Results();
    var report = await Report.StartAsync(root, rounds, seconds, () => results.ToMarkdown(["tunnel"]), "-scale");
    await ScaleRun.MeasureAsync(root, rounds, seconds, results);
    return await EndAsync(report);
}

static async Task<int> MeasureStormAsync(string root)
{
    var results = new Results();
    var report = await Report.StartAsync(root, 1, 0, () => results.ToMarkdown(["tunnel"]), "-storm");
    await StormRun.MeasureAsync(root, results, report.SaveAsync);
    return await EndAsync(report);
}

static async Task<int> MeasureHubsAsync(string root, int tries, string[] rowNames)
{
    var results = new Results();
    var report = await Report.StartAsync(root, tries, 0, () => results.ToMarkdown(["tunnel"]), "-hubs");
    await HubsRun.MeasureAsync(root, tries, rowNames, results, report.SaveAsync);
    return await EndAsync(report);
}

static async Task<int> MeasureUpgradesAsync(string root, string[] rowNames)
{
    var results = new Results();
    var report = await Report.StartAsync(root, 1, 0, () => results.ToMarkdown(["tunnel"]), "-upgrades");
    await UpgradesRun.MeasureAsync(root, rowNames, results, report.SaveAsync);
    return await EndAsync(report);
}

static async Task<int> MeasureResumeAsync(string root, int rounds)
{
    var results = new Results();
    var report = await Report.StartAsync(root, rounds, 0, () => results.ToMarkdown(["tunnel"]), "-resume");
    await ResumeRun.MeasureAsync(root, rounds, results, report.SaveAsync);
    return await EndAsync(report);
}

static async Task<int> MeasureAsync(
    string root, int rounds, int seconds, string[] rowNames, string[] peerNames, Func<IPeer>[] allPeers, string suffix)
{
    IRow[] allRows =
    [
        new Bulk("bulk, 1 stream up", 1, down: false),
        new Bulk("bulk, 1 stream down", 1, down: true),
        new Bulk("bulk, 8 streams up", 8, down: false),
        new Bulk("bulk, 8 streams down", 8, down: true),
        new Http("HTTP keep-alive, 64 connections", 64, keepAlive: true),
        new Http("HTTP, one connection", 1, keepAlive: true),
        new Http("new connection per request, 32 at once", 32, keepAlive: false),
        new Echo("1-byte echo, idle", uploads: 0),
        new Echo("1-byte echo beside 4 uploads", uploads: 4),
        new Udp("UDP echo 200 B", 200, 1),
        new Udp("UDP echo 1,200 B, 64 in flight", 1200, 64),
        // A pair of HAProxies needs two descriptors for each in each process, and 20,000 are a common limit.
        new Idle("idle connections, 9,000", 9_000),
        new Stalled("stalled readers, 3,000", 3_000),
    ];
    var chosenRows = allRows.Where(row => rowNames.Length == 0 || rowNames.Any(row.Name.Contains)).ToArray();
    var named = allPeers.Select(static open => (open().Name, Open: open));
    var chosenPeers = named.Where(peer => peerNames.Length == 0
        || peerNames.Any(name => peer.Name.StartsWith(name, StringComparison.Ordinal))).ToArray();

    using var place = new Workplace(root);
    using var targets = new Targets();
    await targets.StartAsync(place);
    var results = new Results();
    var report = await Report.StartAsync(
        root, rounds, seconds, () => results.ToMarkdown([.. chosenPeers.Select(static peer => peer.Name)]), suffix);
    foreach (var row in chosenRows)
    {
        for (var round = 0; round < rounds; round++)
        {
            foreach (var peer in chosenPeers)
                await RunAsync(row, peer.Open, place, targets, seconds, results);
            await report.SaveAsync();
        }
    }

    return await EndAsync(report);
}

static async Task<int> EndAsync(Report report)
{
    await report.SaveAsync();
    Console.WriteLine(report);
    Console.Error.WriteLine($"Written to {report.FilePath}");
    return 0;
}

// Each row meets processes that have done nothing before but a short warm-up of the same work.
static async Task RunAsync(IRow row, Func<IPeer> open, Workplace place, Targets targets, int seconds, Results results)
{
    using var own = new Workplace(place.Root);
    using var peer = open();
    if (row.NeedsUdp && !peer.CarriesUdp)
        return;
    try
    {
        await peer.StartAsync(own, targets);
        if (row is not (Idle or Stalled))
            await row.RunAsync(peer, targets, 2);
        foreach (var figure in await row.RunAsync(peer, targets, seconds))
            results.Add(row.Name, peer.Name, figure);
        Console.Error.WriteLine($"{row.Name}: {peer.Name} done");
    }
    catch (Exception e)
    {
        Console.Error.WriteLine($"{row.Name}: {peer.Name} failed: {e.Message}");
    }
}
