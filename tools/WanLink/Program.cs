using System.CommandLine;
using System.Runtime.InteropServices;
using Tunnel.Tools.WanLink;

var ns = new Option<string[]>("--ns")
{
    Description = "An end of the link: namespace and addresses, for example lab-a:10.1.0.1/24; given twice. A namespace that is not "
        + "there is made, and removed at the end.",
    Arity = new ArgumentArity(2, 2),
    Required = true,
};
var delay = new Option<string>("--delay") { Description = "One-way delay, for example 25ms.", DefaultValueFactory = _ => "0ms" };
var loss =
    new Option<string>("--loss") { Description = "Probability that a packet is lost, for example 1%.", DefaultValueFactory = _ => "0%" };
var rate = new Option<string>("--rate")
{
    Description = "Bits a second in each direction, for example 100mbit; 0 is no limit.",
    DefaultValueFactory = _ => "0",
};
var queue = new Option<string>("--queue")
{
    Description = "Drop-tail limit of what waits for the rate: a time or bytes, for example "
    + "100ms or 256kb.",
    DefaultValueFactory = _ => "100ms"
};
var mtu = new Option<int>("--mtu") { Description = "Of both devices.", DefaultValueFactory = _ => 1500 };
var seed = new Option<int>("--seed") { Description = "Of the losses.", DefaultValueFactory = _ => 1 };
var set = new Option<string[]>("--set")
{
    Description = $"A setting of one direction, \"END NAME VALUE\", where END sends: {SettingParser.Help}",
};
var noInput = new Option<bool>("--no-input") { Description = "Runs until SIGTERM or SIGINT; else until the end of standard input too." };
var command = new RootCommand(
    $"A wide-area link between two network namespaces, in user space (TUN devices named {NetworkNamespace.Device}; needs root). Prints "
        + "\"ready\" when it is up. " +
    $"Lines on standard input change it while it runs, each answered by \"ok\" or \"error: …\": [END] {SettingParser.Help}; \"stats\" "
        + "prints a line for each direction, and so does the end. " +
    "Programs run in it by: ip netns exec lab-a PROGRAM.")
{
    ns, delay, loss, rate, queue, mtu, seed, set, noInput,
};
command.SetAction(parsed =>
{
    try
    {
        using var link = Link.Create(parsed.GetValue(ns)!, parsed.GetValue(mtu), parsed.GetValue(seed));
        link.Apply(["delay", parsed.GetValue(delay)!]);
        link.Apply(["loss", parsed.GetValue(loss)!]);
        link.Apply(["rate", parsed.GetValue(rate)!]);
        link.Apply(["queue", parsed.GetValue(queue)!]);
        foreach (var line in parsed.GetValue(set) ?? [])
            link.Apply(Words(line));
        link.Start();
        Console.WriteLine("ready");
        Serve(link, !parsed.GetValue(noInput));
        foreach (var line in link.Statistics())
            Console.WriteLine(line);
        return 0;
    }
    catch (Exception e) when (e is FormatException or InvalidOperationException)
    {
        Console.Error.WriteLine($"wanlink: {e.Message}");
        return 1;
    }
});
return command.Parse(args).Invoke();

static string[] Words(string line) => line.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

// The link lasts until a signal comes, or the input ends.
static void Serve(Link link, bool readInput)
{
    using var ended = new ManualResetEventSlim();
    void End(PosixSignalContext context)
    {
        context.Cancel = true;
        ended.Set();
    }

    using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, End);
    using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, End);
    if (readInput)
    {
        new Thread(() =>
        {
            while (Console.ReadLine() is { } line)
                Answer(link, line);
            ended.Set();
        })
        { IsBackground = true }.Start();
    }

    ended.Wait();
}

static void Answer(Link link, string line)
{
    try
    {
        if (line == "stats")
        {
            foreach (var statistics in link.Statistics())
                Console.WriteLine(statistics);
            return;
        }

        link.Apply(Words(line));
        Console.WriteLine("ok");
    }
    catch (FormatException e)
    {
        Console.WriteLine($"error: {e.Message}");
    }
}
