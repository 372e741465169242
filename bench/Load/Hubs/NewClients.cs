using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Tunnel.Bench.Load.Hubs;

/// <summary>Clients of which one connects every 50 ms, whatever becomes of those before, and wants one byte back.</summary>
internal sealed class NewClients : IAsyncDisposable
{
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(50);

    // A client that is served later than this has noticed something.
    private static readonly TimeSpan Prompt = TimeSpan.FromSeconds(1);

    private readonly IPEndPoint _address;
    private readonly CancellationTokenSource _end = new();
    private readonly ConcurrentQueue<Client> _clients = new();
    private readonly Task _loop;

    private NewClients(IPEndPoint address)
    {
        _address = address;
        _loop = Task.Run(() => Paced.RunAsync(Every, () => [ConnectAsync()], _end.Token));
    }

    public static NewClients Start(IPEndPoint address) => new(address);

    /// <summary>Forgets the clients of before.</summary>
    public void Forget() => _clients.Clear();

    /// <summary>Returns what clients have seen since something happened to a hub.</summary>
    /// <param name="moment">The timestamp of the event.</param>
    public ClientFigures Look(long moment)
    {
        var now = Stopwatch.GetTimestamp();
        var clients = _clients.ToArray();
        var (gap, before) = (TimeSpan.Zero, moment);
        foreach (var served in clients.Select(static client => client.Served).Where(at => at >= moment).Order().Append(now))
        {
            var since = Stopwatch.GetElapsedTime(before, served);
            (gap, before) = (since > gap ? since : gap, served);
        }

        // Who came before may have been at that hub already.
        var late = clients.Where(client => client.Began >= moment
            && Stopwatch.GetElapsedTime(client.Began, client.Served > 0 ? client.Served : now) > Prompt).ToArray();
        return new ClientFigures(
            gap, late.Length == 0 ? TimeSpan.Zero : Stopwatch.GetElapsedTime(moment, late.Max(static client => client.Began)), late.Length);
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _loop;
        _end.Dispose();
    }

    private async Task ConnectAsync()
    {
        var client = new Client(Stopwatch.GetTimestamp());
        _clients.Enqueue(client);
        try
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await socket.ConnectAsync(_address, _end.Token);
            await socket.SendAsync(new byte[1], _end.Token);
            if (await socket.ReceiveAsync(new byte[1], _end.Token) == 1)
                client.Served = Stopwatch.GetTimestamp();
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            // A client that is refused or reset was not served.
        }
    }

    private sealed class Client(long began)
    {
        private long _served;

        public long Began => began;

        /// <summary>When its byte came back; 0 before.</summary>
        public long Served
        {
            get => Volatile.Read(ref _served);
            set => Volatile.Write(ref _served, value);
        }
    }
}

/// <summary>What clients have seen of what happened to a hub.</summary>
/// <param name="Gap">The longest time in which no new client was served.</param>
/// <param name="LastLate">How long afterwards the last client came that was not served within a second.</param>
/// <param name="Late">How many were not.</param>
internal readonly record struct ClientFigures(TimeSpan Gap, TimeSpan LastLate, int Late)
{
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"nobody served for {Gap.TotalSeconds:F2} s, {Late} late, the last after {LastLate.TotalSeconds:F2} s");
}
