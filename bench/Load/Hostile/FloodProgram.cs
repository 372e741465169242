using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Tunnel.Bench.Load.Hostile.Floods;

namespace Tunnel.Bench.Load.Hostile;

/// <summary>
/// A program of its own that floods at a given rate while it is told to: it reads <c>go RATE</c> and <c>stop</c>, and answers each stop
/// with what it did. Its pace is kept in steps of a millisecond, so that it costs little and what is measured is the victim.
/// </summary>
internal static class FloodProgram
{
    // What could not be sent in time, because the victim took no more, is made up for to this extent only.
    private static readonly TimeSpan Backlog = TimeSpan.FromMilliseconds(20);

    public static int Run(string order)
    {
        using var flood = Create(JsonSerializer.Deserialize<FloodOrder>(order)!);
        Console.WriteLine("ready");
        while (Console.ReadLine() is { } line)
        {
            var rate = double.Parse(line.Split(' ')[1], CultureInfo.InvariantCulture);
            using var stop = new CancellationTokenSource();
            var pace = Task.Factory.StartNew(() => Pace(flood, rate, stop.Token), TaskCreationOptions.LongRunning);
            if (Console.ReadLine() is null)
                return 0;
            stop.Cancel();
            var (count, seconds) = pace.GetAwaiter().GetResult();
            flood.Rest();
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{count} {seconds} {flood.Ends}"));
        }

        return 0;
    }

    private static (long Count, double Seconds) Pace(IFlood flood, double rate, CancellationToken stop)
    {
        var (done, start) = (0L, Stopwatch.GetTimestamp());
        var skipped = 0.0;
        while (!stop.IsCancellationRequested)
        {
            var due = (rate * Stopwatch.GetElapsedTime(start).TotalSeconds) - skipped - done;
            var most = Math.Max(1, rate * Backlog.TotalSeconds);
            if (due > most)
                (skipped, due) = (skipped + due - most, most);
            if (due >= 1)
                done += flood.Send((int)due);
            else
                Thread.Sleep(1);
        }

        return (done, Stopwatch.GetElapsedTime(start).TotalSeconds);
    }

    private static IFlood Create(FloodOrder order) => order switch
    {
        { Kind: "OPEN+CLOSE", IsQuic: true } => new QuicFlood(order, QuicFlood.OpenAndClose),
        { Kind: "OPEN+RESET", IsQuic: true } => new QuicFlood(order, QuicFlood.OpenAndReset),
        { Kind: "UDP_OPEN", IsQuic: true } => new QuicFlood(order, QuicFlood.OpenSession),
        { Kind: "REPORT", IsQuic: true } => new QuicFlood(order, QuicFlood.Report),
        { Kind: "OPEN+CLOSE" } => new FrameFlood(order, FrameFlood.OpenAndClose),
        { Kind: "OPEN+RESET" } => new FrameFlood(order, FrameFlood.OpenAndReset),
        { Kind: "UDP_OPEN" } => new FrameFlood(order, FrameFlood.OpenSession),
        { Kind: "REPORT" } => new FrameFlood(order, FrameFlood.Report),
        { Kind: "answers unread" } => new FrameFlood(order, FrameFlood.OpenUnassigned, reads: false),
        { Kind: "empty DATA" } => new FrameFlood(order, FrameFlood.EmptyData),
        { Kind: "PONG" } => new FrameFlood(order, FrameFlood.Pong),
        { Kind: "WINDOW_UPDATE" } => new FrameFlood(order, FrameFlood.OneByteOfCredit),
        { Kind: "KeyUpdate" } => new KeyUpdateFlood(order),
        { Kind: "connect+RST" } => new ConnectFlood(order),
        { Kind: HostileFlood.Strangers } => new StrangerFlood(order),
        { Kind: "stalled readers" } => new StalledFlood(order),
        { Kind: "wrong secrets" } => new WrongSecretFlood(order),
        { Kind: "configurations" } => new ConfigFlood(order),
        { Kind: "hub: CONFIG" } => new HostileHub(order, HostileHub.Configuration),
        { Kind: "hub: OPEN" } => new HostileHub(order, HostileHub.Open),
        { Kind: "hub: UDP_OPEN" } => new HostileHub(order, HostileHub.OpenSession),
        { Kind: "hub: datagrams" } => new HostileHub(order, HostileHub.Datagram),
        { Kind: "burn" } => new BurnFlood(),
        _ => throw new ArgumentException($"no flood is called {order.Kind}"),
    };
}
