using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Tunnel.Bench.Load.Rows;
using Tunnel.Shared.Transport.Quic;

namespace Tunnel.Bench.Load.Upgrades;

/// <summary>
/// Measures what clients see of ten upgrades in a row, of the hub and of the edge, over TLS and over QUIC: 200 new ones a second, and some
/// that were open before. All programs are in a network namespace of their own, whose addresses may change.
/// </summary>
internal static class UpgradesRun
{
    /// <summary>The first argument of the program that runs in the namespace.</summary>
    public const string Inside = "upgrades";

    private const int Upgrades = 10;
    private const int ClientsPerSecond = 200;
    private const int OpenBefore = 20;
    private static readonly TimeSpan Calm = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan UntilDrained = TimeSpan.FromMinutes(1);

    /// <summary>Runs the measurement in a namespace of its own. Needs root.</summary>
    public static Task<int> StartAsync(string root, string[] rows) => OwnNetwork.RunAsync([Inside, root, .. rows]);

    /// <summary>Measures all rows, each with programs of its own; the table is saved after each.</summary>
    /// <param name="root">The checkout.</param>
    /// <param name="rows">Only rows whose name contains one of these words; all when there is none.</param>
    /// <param name="results">Where the figures go.</param>
    /// <param name="saveAsync">Saves the table.</param>
    public static async Task MeasureAsync(string root, string[] rows, Results results, Func<Task> saveAsync)
    {
        foreach (var (row, transport, isHub) in new[]
        {
            ("hub, TLS", "tcpTls", true), ("edge, TLS", "tcpTls", false),

            // QUIC has no other way from one hub's process to the next than over TLS in between.
            ("hub, QUIC", "quicWithFallback", true), ("edge, QUIC", "quic", false),
        })
        {
            if (rows.Length > 0 && !rows.Any(row.Contains))
                continue;
            if (transport != "tcpTls" && !QuicLibrary.TryLoad(out var reason))
            {
                Console.Error.WriteLine($"no {row}: {reason}");
                continue;
            }

            await MeasureAsync(root, row, transport, isHub, results);
            await saveAsync();
        }
    }

    private static async Task MeasureAsync(string root, string row, string transport, bool isHub, Results results)
    {
        using var place = new Workplace(root);
        using var world = await UpgradeWorld.StartAsync(place, transport);
        var returns = isHub && transport != "tcpTls";
        if (transport != "tcpTls")
            await world.WaitForQuicAsync();
        await using var clients = SteadyClients.Start(world.Public, ClientsPerSecond);
        List<Process> replaced = [];
        var (open, lost, load) = (0, 0, 0.0);

        // What is open over QUIC keeps the UDP port at the old hub: there it may last for one upgrade only.
        var stay = returns ? [] : await OpenAsync(world.Public);
        for (var count = 0; count < Upgrades; count++)
        {
            await Task.Delay(Calm);
            var before = await OpenAsync(world.Public);
            replaced.Add(isHub ? await world.ReplaceHubAsync() : await world.ReplaceEdgeAsync());
            await Task.Delay(Calm);
            (open, lost) = (open + before.Count, lost + await CountLostAsync(before) + CountSilent(stay));
            if (returns)
            {
                await HasEndedAsync(replaced[^1]);
                await world.WaitForQuicAsync();
            }

            load = Math.Max(load, await LoadAverage.ReadAsync());
            Console.Error.WriteLine($"{row}: upgrade {count + 1} of {Upgrades}, {lost} lost, load {load}");
        }

        await Task.Delay(Calm);
        (open, lost) = (open + stay.Count, lost + await CountLostAsync(stay));
        var (all, duration) = await clients.FinishAsync();
        var ended = 0;
        foreach (var process in replaced)
            ended += await HasEndedAsync(process) ? 1 : 0;

        void Add(string label, double value) => results.Add(row, "tunnel", new Figure(label, value));
        Add("upgrades", Upgrades);
        Add("new clients", all.Count);
        Add("new clients a second", all.Count / duration.TotalSeconds);
        Add("refused", Count(ClientEnd.Refused));
        Add("reset, or ended without an answer", Count(ClientEnd.Reset));
        Add("no answer within 30 s", Count(ClientEnd.Forgotten));
        var answers = all.Where(static client => client.End == ClientEnd.Served).Select(static client => client.Answer).Order().ToList();
        Add("connect, slowest ms", all.Max(static client => client.Connect?.TotalMilliseconds ?? 0));
        Add("answer, p50 ms", answers[answers.Count / 2].TotalMilliseconds);
        Add("answer, p99 ms", answers[answers.Count * 99 / 100].TotalMilliseconds);
        Add("answer, slowest ms", answers[^1].TotalMilliseconds);
        Add("connections that were open during an upgrade", open);
        Add("of these lost", lost);
        Add("old processes that ended by themselves once these were closed", ended);
        Add("load average, most", load);

        int Count(ClientEnd end) => all.Count(client => client.End == end);
    }

    private static async Task<List<Socket>> OpenAsync(IPEndPoint address)
    {
        List<Socket> sockets = [];
        for (var count = 0; count < OpenBefore; count++)
        {
            sockets.Add(await Clients.ConnectAsync(address));
            if (!Answers(sockets[^1]))
                throw new InvalidOperationException("a connection does not even begin");
        }

        return sockets;
    }

    // Each has to answer once more, and to end in order then.
    private static async Task<int> CountLostAsync(List<Socket> sockets)
    {
        var lost = 0;
        foreach (var socket in sockets)
        {
            lost += await Task.Run(() => Answers(socket) && Ends(socket)) ? 0 : 1;
            socket.Dispose();
        }

        return lost;
    }

    private static int CountSilent(List<Socket> sockets) => sockets.RemoveAll(static socket => !Answers(socket));

    private static bool Answers(Socket socket)
    {
        try
        {
            socket.Send([1]);
            return socket.Receive(new byte[1]) == 1;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static bool Ends(Socket socket)
    {
        try
        {
            socket.Shutdown(SocketShutdown.Send);
            return socket.Receive(new byte[1]) == 0;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static async Task<bool> HasEndedAsync(Process process)
    {
        using var patience = new CancellationTokenSource(UntilDrained);
        try
        {
            await process.WaitForExitAsync(patience.Token);
            return process.ExitCode == 0;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}
